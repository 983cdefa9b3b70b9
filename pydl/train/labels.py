"""What can be known of a loader's data before it is read: the labels that lie in memory, and the first sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import ConcatDataset, RandomSampler, SequentialSampler, Subset, default_collate
from ..tensor import Tensor

_NONE = np.empty(0, np.int64)


def labels_of(loader: Any) -> np.ndarray:
    """The labels (N,) of a loader's data, where they are integers and lie in memory; else none.

    They do in a data set that has `targets`, in a list or tuple of samples (input, label), in a Subset or
    ConcatDataset of such, and in a list or tuple of batches (inputs, labels) in the loader's place. Not known are
    those that a `collate_fn` may change or a sampler of one's own leave out, and `targets` that samples do not have.
    """
    if isinstance(loader, (list, tuple)):
        found = _seconds(loader, 1)
    else:
        found = _of_dataset(getattr(loader, "dataset", None)) if _hands_on(loader) else _NONE
    return found if found.ndim == 1 and found.dtype.kind in "iu" else _NONE


def _hands_on(loader: Any) -> bool:
    """Whether a loader gives every sample as its data set has it."""
    sampler = getattr(loader, "sampler", None)
    whole = sampler is None or isinstance(sampler, (RandomSampler, SequentialSampler))
    return whole and getattr(loader, "collate_fn", None) is None


def first_input(loader: Any) -> Any:
    """The input of the first sample as a batch of one; None where it is not known without reading the loader."""
    if isinstance(loader, (list, tuple)):
        batch = loader[0] if loader else None
        inputs = batch[0] if isinstance(batch, (list, tuple)) and batch else None
        return inputs[:1] if isinstance(inputs, Tensor) and inputs.ndim else None
    dataset: Any = getattr(loader, "dataset", None)
    if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__") or not len(dataset):
        return None
    return (getattr(loader, "collate_fn", None) or default_collate)([dataset[0]])[0]


def _of_dataset(dataset: Any) -> np.ndarray:
    targets = getattr(dataset, "targets", None)
    if targets is not None:
        found = _array(targets)
        return found if found.ndim == 1 and found.size and _is_label(dataset[0], found[0]) else _NONE
    if isinstance(dataset, Subset):
        inner = _of_dataset(dataset.dataset)
        return inner[dataset.indices] if len(inner) else _NONE
    if isinstance(dataset, ConcatDataset):
        return _joined([_of_dataset(part) for part in dataset.datasets])
    return _seconds(dataset, 0) if isinstance(dataset, (list, tuple)) else _NONE


def _is_label(sample: Any, label: Any) -> bool:
    """Whether a sample is an input and this label: a data set may make its labels of others."""
    return isinstance(sample, (list, tuple)) and len(sample) == 2 and bool(np.all(_array(sample[1]) == label))


def _seconds(pairs: Any, ndim: int) -> np.ndarray:
    """The second of each pair, an array of `ndim` dimensions, all in one row."""
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        return _NONE
    parts = [_array(second) for _, second in pairs]
    return _joined([np.atleast_1d(part) for part in parts]) if all(part.ndim == ndim for part in parts) else _NONE


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """The parts one after the other; none where one is empty or of another kind."""
    known = parts and all(part.ndim == 1 and part.size and part.dtype.kind in "iu" for part in parts)
    return np.concatenate(parts) if known else _NONE


def _array(value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except (ValueError, TypeError):  # ragged, or on a device
        return _NONE
