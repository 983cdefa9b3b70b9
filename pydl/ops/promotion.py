"""Which dtype an operation of two operands is computed in.

PyTorch's rules: a tensor with dimensions outranks a scalar of the same kind, floats outrank integers, integers
outrank bool; a Python float with an integer tensor gives float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import recording
from ..arrays import float32, int64
from ..tensor import Tensor


def as_operand(function: str, value: Any) -> Any:
    """`value` as a Tensor or a Python number; TypeError for anything else."""
    if isinstance(value, Tensor):
        if recording.running:
            recording.tell("watch", (value,))
        return value
    if type(value) in (float, int):
        return value
    if isinstance(value, (bool, np.bool_)):
        return Tensor._wrap(np.asarray(value))
    if isinstance(value, np.generic):
        return value.item() if value.dtype.kind in "fiu" else _refuse(function, value)
    if isinstance(value, np.ndarray):
        return Tensor(value)
    return _refuse(function, value)


def fits(function: str, value: Any, dtype: np.dtype) -> Any:
    """An integer beside a tensor of integers: ValueError where that cannot hold it."""
    if dtype.kind in "iu" and isinstance(value, int):
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            raise ValueError(f"[{function}] expected an integer in {limits.min} … {limits.max} ({dtype}), got {value}")
    return value


def _refuse(function: str, value: Any) -> Any:
    raise TypeError(f"[{function}] expected a tensor or a number, got {type(value).__name__}")


def _rank(dtype: np.dtype) -> int:
    return {"b": 0, "u": 1, "i": 1, "f": 2}[dtype.kind]


def result_dtype(a: Any, b: Any) -> np.dtype:
    """The common dtype of two operands, tensors or Python numbers."""
    if not isinstance(a, Tensor):
        a, b = b, a
    if not isinstance(b, Tensor):
        if a.dtype.kind == "f":
            return a.dtype
        if isinstance(b, float):
            return float32
        return int64 if a.dtype.kind == "b" else a.dtype
    if (a.ndim == 0) != (b.ndim == 0):
        scalar, array = (a, b) if a.ndim == 0 else (b, a)
        if _rank(scalar.dtype) <= _rank(array.dtype):
            return array.dtype
        return scalar.dtype if scalar.dtype.kind != "f" else np.dtype(scalar.dtype)
    if a.dtype.kind == "f" and b.dtype.kind != "f":
        return a.dtype
    if b.dtype.kind == "f" and a.dtype.kind != "f":
        return b.dtype
    return np.promote_types(a.dtype, b.dtype)


def promote(function: str, a: Any, b: Any) -> tuple[Any, Any]:
    """Both operands as tensors of one dtype (Python numbers stay numbers)."""
    if recording.running:
        recording.tell("watch", (a, b))
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a._data.dtype is b._data.dtype:
        return a, b
    a, b = as_operand(function, a), as_operand(function, b)
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        a = Tensor._wrap(np.asarray(a, float32 if isinstance(a, float) else int64))
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        if a.device != b.device:
            raise ValueError(f"[{function}] expected operands on one device, got {a.device} and {b.device}")
        if a.dtype == b.dtype:
            return a, b
    dtype = result_dtype(a, b)
    for number in (a, b):
        if not isinstance(number, Tensor):
            fits(function, number, dtype)
    from .cast import cast

    return (cast(a, dtype) if isinstance(a, Tensor) else a), (cast(b, dtype) if isinstance(b, Tensor) else b)
