"""What every metric asks of its arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

LARGEST = 1e100  # of a feature, so that squares do not overflow


def numbers(function: str, name: str, values: Any, shape: str, ndim: int = 2) -> np.ndarray:
    """`values` as a C-contiguous float64 array of `ndim` dimensions; TypeError or ValueError for anything else."""
    array = np.asarray(values.detach() if hasattr(values, "detach") else values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"[{function}] expected {name} to hold real numbers, got dtype {array.dtype}")
    if array.ndim != ndim or 0 in array.shape[1:]:
        raise ValueError(f"[{function}] expected {name} of shape {shape}, got {array.shape}")
    return np.ascontiguousarray(array, np.float64)


def samples(function: str, name: str, values: Any, least: int = 1) -> np.ndarray:
    """`values` as `numbers` of shape (N, D): finite, not beyond ±1e100, and at least `least` of them."""
    array = numbers(function, name, values, "(N, D)")
    if len(array) < least:
        raise ValueError(f"[{function}] expected at least {least} samples in {name}, got {len(array)}")
    wrong = ~(np.abs(array) <= LARGEST)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"[{function}] expected {name} to be finite and within ±1e100, got {array[at]} at {at}")
    return array


def pair(function: str, real: Any, fake: Any, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both sets as `samples`, of one dimension."""
    first, second = samples(function, "real", real, least), samples(function, "fake", fake, least)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"[{function}] expected samples of one dimension, got {first.shape} and {second.shape}")
    return first, second
