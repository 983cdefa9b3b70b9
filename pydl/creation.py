"""Tensors from data, constants and ranges."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from . import backend, recording
from .arrays import as_array, as_dtype, float32, int64
from .ops.checks import as_fill, as_number
from .ops.dims import as_shape
from .tensor import Tensor


def _finish(array: Any, device: str | None, requires_grad: bool) -> Tensor:
    tensor = Tensor._wrap(array if device is None else backend.to_device(array, device))
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def tensor(data: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`: a number, nested sequences, a NumPy array or a tensor.

    Python floats become float32, integers int64; an array keeps its dtype. Objects, strings, dates and complex
    numbers are a TypeError.
    """
    return _finish(as_array("tensor", data, dtype), device, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: str | None = None) -> Tensor:
    """`data` as a tensor, without a copy where it is one or is a NumPy array that fits."""
    if isinstance(data, Tensor):
        result = data if dtype is None else data.to(dtype)
    elif isinstance(data, np.ndarray) and (dtype is None or data.dtype == dtype):
        result = from_numpy(data)
    else:
        result = tensor(data, dtype)
    return result if device is None else result.to(device=device)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor over the memory of `array`: no copy, and a change of either is seen in both.

    Read-only arrays stay read-only. An array in another byte order, or not aligned to its items, is copied.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"[from_numpy] expected a NumPy array, got {type(array).__name__}")
    as_dtype("from_numpy", array.dtype)
    recording.refuse("it makes a tensor from an array: pass tensors to the step")
    whole_steps = all(s % array.itemsize == 0 or n < 2 for s, n in zip(array.strides, array.shape, strict=True))
    if not array.dtype.isnative or not array.flags.aligned or not whole_steps:
        array = np.array(array, dtype=array.dtype.newbyteorder("="), order="K", copy=True)
    return Tensor._wrap(np.asarray(array))


def from_dlpack(source: Any) -> Tensor:
    """A tensor over the memory of an object that speaks DLPack (`__dlpack__`): no copy."""
    if not hasattr(source, "__dlpack__") or not hasattr(source, "__dlpack_device__"):
        raise TypeError(f"[from_dlpack] expected an object with __dlpack__, got {type(source).__name__}")
    if source.__dlpack_device__()[0] == 2:
        return Tensor._wrap(importlib.import_module("cupy").from_dlpack(source))
    return from_numpy(np.from_dlpack(source))


def _filled(function: str, sizes: Any, value: Any, dtype: Any, device: str | None, requires_grad: bool) -> Tensor:
    shape, kind = as_shape(function, sizes), as_dtype(function, dtype)
    filling = as_fill(function, value, kind)
    if recording.recorder() is None:
        array = backend.room(shape, kind, np.zeros)
        if filling or math.copysign(1, filling) < 0:
            array.fill(filling)
    else:
        array = recording.recorder().numpy.full(shape, filling, kind)
    return _finish(array, device, requires_grad)


def zeros(*size: Any, dtype: Any = float32, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros of a shape, given as one sequence or size by size."""
    return _filled("zeros", size, 0, dtype, device, requires_grad)


def ones(*size: Any, dtype: Any = float32, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """Ones of a shape, given as one sequence or size by size."""
    return _filled("ones", size, 1, dtype, device, requires_grad)


def full(
    size: Any, fill_value: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` in every element; float32 for floats, int64 for integers, bool for booleans."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    as_fill("full", fill_value, float32)
    if dtype is None:
        dtype = np.bool_ if isinstance(fill_value, bool) else int64 if isinstance(fill_value, int) else float32
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"[full] expected size as a tuple of integers, got {type(size).__name__}")
    return _filled("full", (size,), fill_value, dtype, device, requires_grad)


def empty(*size: Any, dtype: Any = float32, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A shape whose elements are not set yet; here they are zeros, so that a mistake repeats."""
    return _filled("empty", size, 0, dtype, device, requires_grad)


def zeros_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the shape, dtype and device of `input`."""
    return full_like(input, 0, dtype, requires_grad)


def ones_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the shape, dtype and device of `input`."""
    return full_like(input, 1, dtype, requires_grad)


def full_like(input: Tensor, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` in the shape, dtype and device of `input`."""
    if not isinstance(input, Tensor):
        raise TypeError(f"[full_like] expected a tensor, got {type(input).__name__}")
    kind = input.dtype if dtype is None else as_dtype("full_like", dtype)
    xp = backend.array_module(input._data)
    filling = as_fill("full_like", fill_value.item() if isinstance(fill_value, Tensor) else fill_value, kind)
    return _finish(xp.full_like(input._data, filling, dtype=kind), None, requires_grad)


def arange(*range_: Any, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """(start = 0, end, step = 1): start, start + step, … before end; int64 for integers, else float32."""
    if not 1 <= len(range_) <= 3:
        raise TypeError(f"[arange] expected end, or start, end and step, got {len(range_)} arguments")
    numbers = [x.item() if isinstance(x, (Tensor, np.generic)) else x for x in range_]
    if any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in numbers):
        raise TypeError(f"[arange] expected numbers, got {range_!r}")
    if len(numbers) == 3 and numbers[2] == 0:
        raise ValueError("[arange] expected step != 0, got 0")
    start, end, step = (0, numbers[0], 1) if len(numbers) == 1 else (*numbers, 1)[:3]
    if not all(math.isfinite(x) for x in numbers) or abs(end - start) / abs(step) >= 2**60:
        raise ValueError(f"[arange] expected finite numbers of a range that memory can hold, got {tuple(numbers)}")
    if dtype is None:
        dtype = int64 if all(isinstance(x, int) for x in numbers) else float32
    return _finish(np.arange(*numbers).astype(as_dtype("arange", dtype)), device, requires_grad)


def linspace(start: float, end: float, steps: int, dtype: Any = float32, device: str | None = None) -> Tensor:
    """`steps` numbers evenly spaced from start to end, both included."""
    ends = as_number("linspace", "start", start), as_number("linspace", "end", end)
    (count,) = as_shape("linspace", (steps,))
    return _finish(np.linspace(*ends, count).astype(as_dtype("linspace", dtype)), device, False)


def eye(n: int, m: int | None = None, dtype: Any = float32, device: str | None = None) -> Tensor:
    """n×m zeros (n×n by default) with ones on the diagonal."""
    return _finish(np.eye(*as_shape("eye", (n, n if m is None else m)), dtype=as_dtype("eye", dtype)), device, False)
