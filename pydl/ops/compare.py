"""Comparisons and logic: results are bool tensors, outside the graph."""

from __future__ import annotations

from typing import Any

from ..backend import array_module
from ..tensor import Tensor
from .promotion import as_operand


def _compare(function: str, numpy_name: str, a: Any, b: Any) -> Tensor:
    a, b = as_operand(function, a), as_operand(function, b)
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


def logical_and(input: Any, other: Any) -> Tensor:
    """Both set (non-zero), elementwise."""
    return _compare("logical_and", "logical_and", input, other)


def logical_or(input: Any, other: Any) -> Tensor:
    """Either set (non-zero), elementwise."""
    return _compare("logical_or", "logical_or", input, other)


def bitwise_and(input: Any, other: Any) -> Tensor:
    """input & other, elementwise, of integers or bool."""
    return _compare("bitwise_and", "bitwise_and", input, other)


def bitwise_or(input: Any, other: Any) -> Tensor:
    """input | other, elementwise, of integers or bool."""
    return _compare("bitwise_or", "bitwise_or", input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """~input, elementwise, of integers or bool."""
    return Tensor._wrap(array_module(input._data).asarray(~input._data))


def _test(numpy_name: str, input: Tensor) -> Tensor:
    xp = array_module(input._data)
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


def round(input: Tensor) -> Tensor:
    """The nearest integers, halves to even; outside the graph."""
    return _test("round", input)


def floor_divide(input: Any, other: Any) -> Tensor:
    """⌊input / other⌋, elementwise; outside the graph."""
    return _compare("floor_divide", "floor_divide", input, other)


def all(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Whether every element (along `dim`) is set."""
    return Tensor._wrap(array_module(input._data).asarray(input._data.all(axis=dim, keepdims=keepdim)))


def any(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Whether an element (along `dim`) is set."""
    return Tensor._wrap(array_module(input._data).asarray(input._data.any(axis=dim, keepdims=keepdim)))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are the same."""
    return input.shape == other.shape and bool((input._data == other._data).all())


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol · |other| everywhere."""
    xp = array_module(input._data)
    return bool(xp.allclose(input._data, other._data, rtol, atol, equal_nan))
