"""Checks of arguments that many operations share, made before any work."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import recording
from ..tensor import Tensor


def as_tensor(function: str, input: Any, name: str = "input") -> Tensor:
    """`input`, or a TypeError where it is not a tensor."""
    if not isinstance(input, Tensor):
        raise TypeError(f"[{function}] expected {name} to be a tensor, got {type(input).__name__}")
    if recording.running:
        recording.tell("watch", (input,))
    return input


def as_number(function: str, name: str, value: Any) -> float:
    """A Python or NumPy number, but NaN."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"[{function}] expected {name} to be a number, got {type(value).__name__}")
    if value != value:
        raise ValueError(f"[{function}] expected {name} to be a number, got nan")
    return float(value)


def as_integer(function: str, name: str, value: Any) -> int:
    """A Python or NumPy integer, or a tensor of one."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise TypeError(f"[{function}] expected {name} as an integer, got {type(value).__name__}")
    return value.__index__()


def as_sizes(value: Any) -> Any:
    """An array of integers as a tuple of them; anything else as it is, to be checked where it is used."""
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu":
        return tuple(value.tolist())
    return value


def as_fill(function: str, value: Any, dtype: np.dtype) -> Any:
    """A number or bool that an element of `dtype` can hold."""
    if not isinstance(value, (int, float, np.integer, np.floating, np.bool_)):
        raise TypeError(f"[{function}] expected a number or bool to fill with, got {type(value).__name__}")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            raise ValueError(f"[{function}] expected a number in {limits.min} … {limits.max} ({dtype}), got {value}")
    return value


def as_list(function: str, name: str, value: Any) -> list:
    """Tensors in a sequence."""
    if not isinstance(value, (list, tuple)) and not hasattr(value, "__iter__"):
        raise TypeError(f"[{function}] expected {name} as a sequence of tensors, got {type(value).__name__}")
    items = list(value)
    for i, item in enumerate(items):
        if not isinstance(item, Tensor):
            raise TypeError(f"[{function}] expected tensors, got {type(item).__name__} at {i}")
    return items


def broadcast(function: str, *operands: Any) -> tuple[int, ...]:
    """The shape that the operands, tensors or numbers, broadcast to; ValueError where they do not."""
    shapes = [tuple(getattr(x, "shape", ())) for x in operands]
    different = {shape for shape in shapes if shape}
    if len(different) < 2:
        return different.pop() if different else ()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"[{function}] expected shapes that broadcast together, got {' and '.join(map(str, shapes))}"
        ) from None
