"""Comparisons and logic: results are bool tensors, outside the graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import int64
from ..backend import Array, array_module
from ..tensor import Tensor
from .checks import as_integer, as_tensor, broadcast
from .dims import check_dims, with_axis
from .promotion import as_operand


def _compare(function: str, numpy_name: str, a: Any, b: Any) -> Tensor:
    a, b = as_operand(function, a), as_operand(function, b)
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a.device != b.device:
        raise ValueError(f"[{function}] expected operands on one device, got {a.device} and {b.device}")
    broadcast(function, a, b)
    x, y = getattr(a, "_data", a), getattr(b, "_data", b)
    xp = array_module(x if hasattr(x, "dtype") else y)
    return Tensor._wrap(xp.asarray(getattr(xp, numpy_name)(x, y)))


def eq(input: Any, other: Any) -> Tensor:
    """input == other, elementwise."""
    return _compare("eq", "equal", input, other)


def ne(input: Any, other: Any) -> Tensor:
    """input != other, elementwise."""
    return _compare("ne", "not_equal", input, other)


def lt(input: Any, other: Any) -> Tensor:
    """input < other, elementwise."""
    return _compare("lt", "less", input, other)


def le(input: Any, other: Any) -> Tensor:
    """input <= other, elementwise."""
    return _compare("le", "less_equal", input, other)


def gt(input: Any, other: Any) -> Tensor:
    """input > other, elementwise."""
    return _compare("gt", "greater", input, other)


def ge(input: Any, other: Any) -> Tensor:
    """input >= other, elementwise."""
    return _compare("ge", "greater_equal", input, other)


def logical_not(input: Tensor) -> Tensor:
    """Which elements are 0 (not set)."""
    return _test("logical_not", input)


def ceil(input: Tensor) -> Tensor:
    """The smallest integers not below; outside the graph."""
    return _test("ceil", input)


def logical_and(input: Any, other: Any) -> Tensor:
    """Both set (non-zero), elementwise."""
    return _compare("logical_and", "logical_and", input, other)


def logical_or(input: Any, other: Any) -> Tensor:
    """Either set (non-zero), elementwise."""
    return _compare("logical_or", "logical_or", input, other)


def _check_bits(function: str, *operands: Any) -> None:
    for x in operands:
        if getattr(x, "dtype", np.dtype(type(x) if isinstance(x, (int, float)) else int)).kind == "f":
            raise TypeError(f"[{function}] expected integers or bool, got floats")


def bitwise_and(input: Any, other: Any) -> Tensor:
    """input & other, elementwise, of integers or bool."""
    _check_bits("bitwise_and", input, other)
    return _compare("bitwise_and", "bitwise_and", input, other)


def bitwise_or(input: Any, other: Any) -> Tensor:
    """input | other, elementwise, of integers or bool."""
    _check_bits("bitwise_or", input, other)
    return _compare("bitwise_or", "bitwise_or", input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """~input, elementwise, of integers or bool."""
    if as_tensor("bitwise_not", input).dtype.kind == "f":
        raise TypeError(f"[bitwise_not] expected input of integers or bool, got {input.dtype}")
    return Tensor._wrap(array_module(input._data).asarray(~input._data))


def _test(numpy_name: str, input: Tensor) -> Tensor:
    xp = array_module(as_tensor(numpy_name, input)._data)
    return Tensor._wrap(xp.asarray(getattr(xp, numpy_name)(input._data)))


def isnan(input: Tensor) -> Tensor:
    """Which elements are NaN."""
    return _test("isnan", input)


def isinf(input: Tensor) -> Tensor:
    """Which elements are infinite."""
    return _test("isinf", input)


def isfinite(input: Tensor) -> Tensor:
    """Which elements are neither NaN nor infinite."""
    return _test("isfinite", input)


def floor(input: Tensor) -> Tensor:
    """The largest integers not above; outside the graph."""
    return _test("floor", input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest numbers of so many decimals, halves to even; outside the graph."""
    places = as_integer("round", "decimals", decimals)
    xp = array_module(as_tensor("round", input)._data)
    return Tensor._wrap(xp.asarray(xp.round(input._data, places)))


def check_divisor(function: str, a: Any, b: Any) -> None:
    """Integers are not divided by 0."""
    for x in (a, b):
        if isinstance(x, float) or getattr(x, "dtype", int64).kind == "f":
            return
    divisor = as_tensor(function, b)._data if isinstance(b, Tensor) else b
    if (divisor == 0).any() if isinstance(b, Tensor) else isinstance(b, (int, np.integer)) and b == 0:
        raise ZeroDivisionError(f"[{function}] expected divisors other than 0 for integers, got 0")


def floor_divide(input: Any, other: Any) -> Tensor:
    """⌊input / other⌋, elementwise; outside the graph. ZeroDivisionError for integers by 0."""
    check_divisor("floor_divide", input, other)
    return _compare("floor_divide", "floor_divide", input, other)


@with_axis
def all(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Whether every element (along `dim`) is set."""
    return _logical("all", input, dim, keepdim)


@with_axis
def any(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Whether an element (along `dim`) is set."""
    return _logical("any", input, dim, keepdim)


def _logical(function: str, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    dims = check_dims(function, dim, as_tensor(function, input).ndim)
    xp = array_module(input._data)
    return Tensor._wrap(xp.asarray(getattr(xp, function)(input._data, axis=dims, keepdims=bool(keepdim))))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are the same."""
    as_tensor("equal", input), as_tensor("equal", other, "other")
    return input.shape == other.shape and bool((input._data == other._data).all())


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol · |other| everywhere."""
    return bool(_close("allclose", input, other, rtol, atol, equal_nan).all())


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol · |other|."""
    return Tensor._wrap(_close("isclose", input, other, rtol, atol, equal_nan))


def _close(function: str, input: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> Array:
    as_tensor(function, input), as_tensor(function, other, "other")
    broadcast(function, input, other)
    xp = array_module(input._data)
    return xp.asarray(xp.isclose(input._data, other._data, rtol, atol, equal_nan))
