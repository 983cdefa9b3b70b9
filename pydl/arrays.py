"""Dtypes, and the arrays that tensors are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import recording
from .backend import duplicate

float32 = np.dtype(np.float32)
float64 = np.dtype(np.float64)
int64 = np.dtype(np.int64)
int32 = np.dtype(np.int32)
uint8 = np.dtype(np.uint8)
bool_ = np.dtype(np.bool_)


def as_dtype(function: str, dtype: Any) -> np.dtype:
    """`dtype` as one that a tensor can hold, or a TypeError."""
    try:
        result = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"[{function}] expected dtype as a NumPy dtype or its name, got {dtype!r}") from None
    if result.kind not in "fiub" or result.itemsize > 8:
        raise TypeError(f"[{function}] expected a dtype of floats, integers or bool, got {result}")
    return result


def as_array(function: str, data: Any, dtype: Any = None) -> Any:
    """A native, aligned array of `data`, copied; Python numbers become float32, int64 or bool."""
    wanted = None if dtype is None else as_dtype(function, dtype)
    data = _unwrap(data)
    if isinstance(data, np.ndarray):
        recording.refuse("it makes a tensor from an array: pass tensors to the step")
    if not isinstance(data, (np.ndarray, np.generic)):
        if hasattr(data, "__cuda_array_interface__"):
            return data.astype(wanted or data.dtype, copy=True)
        try:
            array = np.array(data)
        except ValueError:
            raise ValueError(f"[{function}] expected data with rows of one length, got ragged rows") from None
        if wanted is None and array.dtype == float64 and not _holds_arrays(data):
            wanted = float32
    else:
        array = np.asarray(data)
    as_dtype(function, array.dtype)
    check_range(function, array, wanted or array.dtype)
    return duplicate(array, wanted or array.dtype.newbyteorder("="))


def check_range(function: str, array: Any, dtype: np.dtype) -> None:
    """ValueError for NaN, infinities and numbers that the integers of `dtype` cannot hold."""
    if dtype.kind not in "iu" or array.dtype.kind not in "fiu" or array.dtype == dtype or array.size == 0:
        return
    limits = np.iinfo(dtype)
    low, high = array.min(), array.max()
    if not (low == low and float(limits.min) <= low and (high < float(limits.max) or int(high) <= limits.max)):
        raise ValueError(
            f"[{function}] expected numbers in {limits.min} … {limits.max} for dtype {dtype}, got {low} … {high}"
        )


def _unwrap(data: Any) -> Any:
    """A tensor as its array; lists with tensors in them, as lists with arrays in them."""
    from .tensor import Tensor

    if isinstance(data, Tensor):
        recording.refuse("it makes a tensor from another: use clone() or stack()")
        return data._data
    if isinstance(data, (list, tuple)):
        return [_unwrap(x) for x in data]
    return data


def _holds_arrays(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic))
