"""Putting samples together into batches of tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NAMES: dict[Any, str] = {
    str: "strings",
    bytes: "bytes",
    Mapping: "mappings",
    Sequence: "sequences",
    None: "arrays or numbers",
}


def as_tensor(array: np.ndarray) -> Any:
    """A Tensor over the memory of `array`."""
    from ..creation import from_numpy

    return from_numpy(array)


def default_collate(batch: Sequence[Any]) -> Any:
    """Stack samples along a new first dimension, through tuples, lists and mappings (PyTorch's rule).

    Arrays, tensors and numbers become Tensors (a Python float float64, an int int64); strings stay a list.
    ValueError for shapes or structures that differ, TypeError for what cannot be stacked or is of different kinds.
    """
    first = batch[0]
    kind = _kind(first)
    for position, sample in enumerate(batch):
        if type(sample) is not type(first) and _kind(sample) is not kind:
            raise TypeError(
                f"[default_collate] expected samples of one kind, {NAMES[kind]}, "
                f"got {type(sample).__name__} at position {position} of the batch"
            )
    if kind is str or kind is bytes:
        return list(batch)
    if kind is Mapping:
        return _collate_mappings(first, batch)
    if kind is Sequence:
        return _collate_sequences(first, batch)
    arrays = [_as_array(sample) for sample in batch]
    for position, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise ValueError(
                f"[default_collate] expected samples of one shape {arrays[0].shape}, "
                f"got {array.shape} at position {position} of the batch"
            )
    return as_tensor(np.stack(arrays))


def _kind(sample: Any) -> Any:
    return next((kind for kind in NAMES if kind is not None and isinstance(sample, kind)), None)


def _collate_mappings(first: Mapping[Any, Any], batch: Sequence[Any]) -> dict[Any, Any]:
    for position, sample in enumerate(batch):
        if sample.keys() != first.keys():
            raise ValueError(
                f"[default_collate] expected mappings with the keys {list(first)}, "
                f"got {list(sample)} at position {position} of the batch"
            )
    return {key: default_collate([sample[key] for sample in batch]) for key in first}


def _collate_sequences(first: Sequence[Any], batch: Sequence[Any]) -> Any:
    for position, sample in enumerate(batch):
        if len(sample) != len(first):
            raise ValueError(
                f"[default_collate] expected samples of {len(first)} parts, "
                f"got {len(sample)} at position {position} of the batch"
            )
    parts = [default_collate(part) for part in zip(*batch, strict=True)]
    if hasattr(first, "_fields"):
        return type(first)(*parts)
    return tuple(parts) if isinstance(first, tuple) else parts


def _as_array(value: Any) -> np.ndarray:
    if hasattr(value, "numpy"):
        value = value.detach().numpy() if hasattr(value, "detach") else value.numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"[default_collate] expected arrays, tensors, numbers, strings, sequences or mappings of them, "
            f"got {type(value).__name__}"
        )
    return array
