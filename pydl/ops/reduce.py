"""Reductions over dimensions. Sums follow one fixed order (see csrc/kernels/reduce.h)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import recording
from ..autograd import Function
from ..backend import Array, array_module, kernels
from ..checks import number
from ..tensor import Tensor
from .checks import as_tensor
from .dims import check_dim, check_dims, with_axis
from .shape import expand, owned, reshape


def _keepdim_shape(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if i in dims else n for i, n in enumerate(shape))


class Sum(Function):
    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims, self.keepdim = dims, keepdim

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return kernels(x).sum(x, self.dims, self.keepdim)

    def backward(self, g: Tensor) -> Tensor:
        return expand(reshape(g, _keepdim_shape(self.shape, self.dims)), self.shape)


class Mean(Sum):
    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return kernels(x).mean(x, self.dims, self.keepdim)

    def backward(self, g: Tensor) -> Tensor:
        count = math.prod(self.shape[d] for d in self.dims)
        return super().backward(g / float(count) if count else g)  # of nothing, the gradient is empty


class SumTo(Function):
    """Sum over the dimensions in which `shape` was stretched by broadcasting."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        return kernels(x).sum_to(x, self.shape)

    def backward(self, g: Tensor) -> Tensor:
        return expand(g, self.source)


class _Selected(Function):
    """amax, amin: the gradient is shared evenly among the elements that equal the result (or are NaN, as it)."""

    kernel = ""

    def __init__(self, dims: tuple[int, ...], keepdim: bool) -> None:
        self.dims, self.keepdim = dims, keepdim

    def forward(self, x: Array) -> Array:
        self.retain_inputs(0)
        self.retain_outputs(0)
        return getattr(kernels(x), self.kernel)(x, self.dims, self.keepdim)

    def backward(self, g: Tensor) -> Tensor:
        x = self.input(0)
        kept = _keepdim_shape(x.shape, self.dims)
        y = self.output()._data.reshape(kept)
        equal = ((x._data == y) | ((x._data != x._data) & (y != y))).astype(x.dtype)
        share = Tensor._wrap(equal / equal.sum(axis=self.dims, keepdims=True))
        return reshape(g, kept) * share


class Amax(_Selected):
    kernel = "amax"


class Amin(_Selected):
    kernel = "amin"


class Prod(Function):
    """The gradient is the product of the other elements, taken from both sides so that zeros are right."""

    def __init__(self, dim: int, keepdim: bool) -> None:
        self.dim, self.keepdim = dim, keepdim

    def forward(self, x: Array) -> Array:
        self.retain_inputs(0)
        return kernels(x).prod(x, (self.dim,), self.keepdim)

    def backward(self, g: Tensor) -> Tensor:
        from .shape import stack

        x = self.input(0)
        columns = [x.select(self.dim, i) for i in range(x.shape[self.dim])]
        if not columns:
            return x * 0.0
        one = columns[0] * 0.0 + 1.0
        before, after = [one], [one]
        for left, right in zip(columns[:-1], reversed(columns[1:]), strict=True):
            before.append(before[-1] * left)
            after.append(after[-1] * right)
        others = stack([b * a for b, a in zip(before, reversed(after), strict=True)], self.dim)
        return reshape(g, _keepdim_shape(x.shape, (self.dim,))) * others


def _check(function: str, input: Any) -> None:
    as_tensor(function, input)


def _of_integers(function: str, input: Tensor, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    xp = array_module(input._data)
    return Tensor._wrap(xp.asarray(getattr(xp, function)(input._data, axis=dims, keepdims=keepdim)))


def _converted(function: str, input: Any, dtype: Any) -> Tensor:
    """The input, as `dtype` where one is given."""
    _check(function, input)
    if dtype is None:
        return input
    from .cast import cast

    return cast(input, dtype)


@with_axis
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum over dimension(s) `dim`, all by default; 0 of nothing. Integers and bool give int64, without a `dtype`."""
    input = _converted("sum", input, dtype)
    dims = check_dims("sum", dim, input.ndim)
    if input.dtype.kind != "f":
        return _of_integers("sum", input, dims, keepdim)
    return Sum(dims, keepdim)(input)


def sum_to(input: Tensor, shape: tuple[int, ...] | None) -> Tensor:
    """`input` summed to `shape`, from which it could have been broadcast."""
    return input if shape is None or input._data.shape == shape else SumTo(shape)(input)


@with_axis
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Mean over dimension(s) `dim`, all by default, of the input as `dtype`; NaN of nothing."""
    input = _converted("mean", input, dtype)
    if input.dtype.kind != "f":
        raise TypeError(f"[mean] expected input of dtype float32 or float64, got {input.dtype}")
    return Mean(check_dims("mean", dim, input.ndim), keepdim)(input)


@with_axis
def var(input: Tensor, dim: Any = None, correction: Any = 1, keepdim: bool = False, unbiased: Any = None) -> Tensor:
    """Σ (x - mean)² / (n - correction) over dimension(s) `dim`; correction 1 (or None) is the unbiased estimate."""
    return _variance("var", input, dim, correction, keepdim, unbiased)


def _variance(function: str, input: Tensor, dim: Any, correction: Any, keepdim: bool, unbiased: Any) -> Tensor:
    _check(function, input)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and not isinstance(unbiased, (bool, np.bool_)):
        raise TypeError(f"[{function}] expected unbiased as a bool, got {type(unbiased).__name__}")
    if unbiased is not None or isinstance(correction, bool):
        correction = int(correction if unbiased is None else unbiased)
    correction = 1 if correction is None else number(function, "correction", correction)
    dims = check_dims(function, dim, input.ndim)
    count = 1
    for d in dims:
        count *= input.shape[d]
    squares = sum((input - mean(input, dims, keepdim=True)) ** 2, dims, keepdim)
    return squares / float(count - correction) if count > correction else squares * float("nan")


@with_axis
def std(input: Tensor, dim: Any = None, correction: Any = 1, keepdim: bool = False, unbiased: Any = None) -> Tensor:
    """Square root of `var`."""
    return _variance("std", input, dim, correction, keepdim, unbiased).sqrt()


def _power(x: Tensor, exponent: float) -> Tensor:
    """x^exponent of x >= 0; for a positive exponent the gradient at 0 is 0."""
    zero = x._data == 0
    plain = recording.recorder() is None and not zero.any()
    if exponent <= 0 or not x.requires_grad or plain:
        return x.sqrt() if exponent == 0.5 else x**exponent
    from .select import masked

    return masked((x + Tensor._wrap(zero.astype(x.dtype))) ** exponent, ~zero)


@with_axis
def norm(
    input: Tensor, p: float | str | None = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """(Σ |x|ᵖ)^(1/p) over dimension(s) `dim`; p = "fro" is 2, ±inf the largest or smallest |x|, 0 counts x ≠ 0.

    Where the norm is 0 its gradient is 0.
    """
    input = _converted("norm", input, dtype)
    if input.dtype.kind != "f":
        raise TypeError(f"[norm] expected input of dtype float32 or float64, got {input.dtype}")
    if p is None or (isinstance(p, str) and p == "fro"):
        p = 2
    if isinstance(p, (bool, str)) or not isinstance(p, (int, float, np.integer, np.floating)):
        raise TypeError(f'[norm] expected p as a number or "fro", got {p!r}')
    if p != p:
        raise ValueError("[norm] expected p as a number, got nan")
    dims = check_dims("norm", dim, input.ndim)
    if abs(p) == float("inf"):
        return (amax if p > 0 else amin)(input.abs(), dims, keepdim)
    if p == 0:
        return sum(Tensor._wrap((input._data != 0).astype(input.dtype)), dims, keepdim)
    if p == 1:
        return sum(input.abs(), dims, keepdim)
    if p == 2:
        return _power(sum(input * input, dims, keepdim), 0.5)
    return _power(sum(_power(input.abs(), float(p)), dims, keepdim), 1.0 / float(p))


def _extremum(function: str, node: type[_Selected], input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    _check(function, input)
    dims = check_dims(function, dim, input.ndim)
    if any(input.shape[d] == 0 for d in dims):
        raise ValueError(f"[{function}] expected at least one element to choose from, got shape {input.shape}")
    if input.dtype.kind != "f":
        return _of_integers(function, input, dims, keepdim)
    return node(dims, keepdim)(input)


@with_axis
def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Largest element over dimension(s) `dim`; NaN where there is one."""
    return _extremum("amax", Amax, input, dim, keepdim)


@with_axis
def amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Smallest element over dimension(s) `dim`; NaN where there is one."""
    return _extremum("amin", Amin, input, dim, keepdim)


@with_axis
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index (int64) of the first largest element along `dim`, of the flattened tensor by default."""
    return _arg("argmax", input, dim, keepdim)


@with_axis
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index (int64) of the first smallest element along `dim`, of the flattened tensor by default."""
    return _arg("argmin", input, dim, keepdim)


def _arg(function: str, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    _check(function, input)
    axis = None if dim is None else check_dim(function, dim, input.ndim)
    if input.numel() == 0 and (axis is None or input.shape[axis] == 0):
        raise ValueError(f"[{function}] expected at least one element to choose from, got shape {input.shape}")
    xp = array_module(input._data)
    if input.dtype.kind == "f" and xp is np:  # CuPy has its own
        return Tensor._wrap(getattr(kernels(input._data), function)(input._data, axis if input.ndim else None, keepdim))
    return Tensor._wrap(xp.asarray(getattr(xp, function)(input._data, axis=axis, keepdims=keepdim), dtype="int64"))


class Extremum(NamedTuple):
    """What max and min along a dimension return."""

    values: Tensor
    indices: Tensor


def _along(function: str, input: Tensor, dim: Any, keepdim: bool) -> Any:
    _check(function, input)
    whole = amax if function == "max" else amin
    if dim is None:
        return whole(input)
    if isinstance(dim, Tensor):
        from . import elementwise

        return elementwise.maximum(input, dim) if function == "max" else elementwise.minimum(input, dim)
    from .select import gather

    check_dim(function, dim, input.ndim)
    indices = _arg("arg" + function, input, dim, keepdim=True)
    values = gather(input, dim, indices)
    if not keepdim:
        axis = check_dim(function, dim, input.ndim)
        return Extremum(owned(values.squeeze(axis)), indices.squeeze(axis))
    return Extremum(values, indices)


@with_axis
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """Largest element; along `dim`, (values, indices); of two tensors, elementwise."""
    return _along("max", input, dim, keepdim)


@with_axis
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """Smallest element; along `dim`, (values, indices); of two tensors, elementwise."""
    return _along("min", input, dim, keepdim)


@with_axis
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Product along `dim`, of all elements by default, of the input as `dtype`."""
    input = _converted("prod", input, dtype)
    if dim is None:
        input, dim = reshape(input, (-1,)) if input.numel() else reshape(input, (0,)), 0
    axis = check_dim("prod", dim, input.ndim)
    if input.dtype.kind != "f":
        return _of_integers("prod", input, (axis,), keepdim)
    return Prod(axis, keepdim)(input)
