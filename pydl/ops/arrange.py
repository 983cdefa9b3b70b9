"""Sorting, sums that run, scattering, triangles, and products and mixtures of two tensors."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..arrays import int64
from ..autograd import Function
from ..backend import Array, array_module
from ..tensor import Tensor
from .checks import as_integer, as_tensor
from .dims import check_dim
from .elementwise import add, mul, sub
from .kept import Kept, keep
from .promotion import as_operand
from .select import Gather, Scatter, SetItem, check_index, check_range, gather, masked
from .shape import flip, narrow, unsqueeze


class CumSum(Function):
    """Sums from the first element on, one after another."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Array) -> Array:
        return array_module(x).cumsum(x, axis=self.dim)

    def backward(self, g: Tensor) -> Tensor:
        return flip(CumSum(self.dim)(flip(g, self.dim)), self.dim)


def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """y[i] = x[0] + … + x[i] along `dim`; integers and bool give int64, without a `dtype`."""
    axis = check_dim("cumsum", dim, as_tensor("cumsum", input).ndim)
    if input.ndim == 0:
        return input.clone() if dtype is None else input.to(dtype)
    input = input if dtype is None and input.dtype.kind == "f" else input.to(int64 if dtype is None else dtype)
    return CumSum(axis)(input)


class Sorted(NamedTuple):
    """What sort and topk return."""

    values: Tensor
    indices: Tensor


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The indices (int64) that sort along `dim`; equal elements keep their order, NaN is the largest."""
    return _order("argsort", input, dim, descending)


def _order(function: str, input: Tensor, dim: int, descending: bool) -> Tensor:
    axis = check_dim(function, dim, as_tensor(function, input).ndim)
    x, xp = input._data, array_module(input._data)
    if input.ndim == 0:
        return Tensor._wrap(xp.zeros((), int64))
    if not descending:
        return Tensor._wrap(xp.argsort(x, axis=axis, kind="stable"))
    backwards = xp.argsort(xp.flip(x, axis), axis=axis, kind="stable")
    return Tensor._wrap(xp.ascontiguousarray(xp.flip(x.shape[axis] - 1 - backwards, axis)))


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Sorted:
    """(values, indices) along `dim`; equal elements keep their order, NaN is the largest."""
    indices = _order("sort", input, dim, descending)
    return Sorted(gather(input, dim, indices), indices)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    """(values, indices) of the k largest (or smallest) elements along `dim`, in their order."""
    axis, count = check_dim("topk", dim, as_tensor("topk", input).ndim), as_integer("topk", "k", k)
    size = input.shape[axis] if input.ndim else 1
    if not 0 <= count <= size:
        raise ValueError(f"[topk] expected k in 0 … {size}, got {k}")
    indices = _order("topk", input, axis, largest)
    if input.ndim:
        indices = narrow(indices, axis, 0, count).contiguous()
    return Sorted(gather(input, axis, indices), indices)


def _places(function: str, input: Tensor, dim: Any, index: Any, source: Any) -> Kept:
    axis = check_dim(function, dim, as_tensor(function, input).ndim)
    check_index(function, index)
    fits = input.ndim > 0 and index.ndim == input.ndim
    fits = fits and all(i == axis or n <= m for i, (n, m) in enumerate(zip(index.shape, input.shape, strict=True)))
    if isinstance(source, Tensor) and source.ndim:
        fits = fits and source.ndim == index.ndim
        fits = fits and all(n <= m for n, m in zip(index.shape, source.shape, strict=True))
    if not fits:
        raise ValueError(
            f"[{function}] expected index within src and (but in dim {dim}) input {input.shape}, got {index.shape}"
        )
    check_range(function, index._data, input.shape[axis])
    return Gather(axis, keep("index", index, input, source)).places()


def _source(function: str, src: Any, input: Tensor, index: Tensor) -> Any:
    src = as_operand(function, src)
    if not isinstance(src, Tensor):
        return src
    if src.dtype != input.dtype:
        raise TypeError(f"[{function}] expected src of dtype {input.dtype}, got {src.dtype}")
    return src[tuple(slice(n) for n in index.shape)] if src.ndim else src


def scatter(input: Tensor, dim: int, index: Tensor, src: Any) -> Tensor:
    """A copy of input with out[index[i][j]][j] = src[i][j] for dim 0, and so on; of several, the last is taken."""
    places = _places("scatter", input, dim, index, src)
    return SetItem(places)(input, _source("scatter", src, input, index))


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of input with src[i][j] added to out[index[i][j]][j] for dim 0, and so on."""
    places = _places("scatter_add", input, dim, index, as_tensor("scatter_add", src, "src"))
    return add(input, Scatter(places, input.shape)(_source("scatter_add", src, input, index)))


def _triangle(function: str, input: Tensor, diagonal: Any) -> Tensor:
    k = as_integer(function, "diagonal", diagonal)
    if as_tensor(function, input).ndim < 2:
        raise ValueError(f"[{function}] expected input of at least 2 dimensions, got shape {input.shape}")
    xp = array_module(input._data)
    if input.dtype.kind != "f":
        return Tensor._wrap(getattr(xp, function)(input._data, k))
    return masked(input, getattr(xp, function)(xp.ones(input.shape[-2:], bool), k))


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The elements on and above a diagonal of the last two dimensions, 0 below."""
    return _triangle("triu", input, diagonal)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The elements on and below a diagonal of the last two dimensions, 0 above."""
    return _triangle("tril", input, diagonal)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """x[i] · y[j] of two vectors."""
    shapes = as_tensor("outer", input).shape, as_tensor("outer", vec2, "vec2").shape
    if any(len(shape) != 1 for shape in shapes):
        raise ValueError(f"[outer] expected two vectors, got shapes {shapes[0]} and {shapes[1]}")
    return mul(unsqueeze(input, 1), unsqueeze(vec2, 0))


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight · (end - input)."""
    as_tensor("lerp", input), as_tensor("lerp", end, "end")
    return add(input, mul(sub(end, input), weight))
