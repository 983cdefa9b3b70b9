"""Choosing elements: indexing, masks, gather, where."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Function
from ..backend import Array, array_module
from ..tensor import Tensor
from .dims import check_dim
from .promotion import promote


def plain_index(index: Any) -> Any:
    """`index` with arrays for tensors, ready for NumPy."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    if isinstance(index, Tensor):
        if index.dtype.kind == "f":
            raise TypeError(f"[getitem] expected indices of integers or bool, got {index.dtype}")
        return index._data
    if isinstance(index, list):
        return np.asarray([int(i) if isinstance(i, Tensor) else i for i in index])
    if isinstance(index, float):
        raise TypeError("[getitem] expected integers, slices, None, … or masks, got float")
    return index


def is_basic(index: Any) -> bool:
    """Whether NumPy answers with a view."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(i is None or i is Ellipsis or isinstance(i, (slice, int, np.integer)) for i in parts) and not any(
        isinstance(i, (bool, np.bool_)) for i in parts
    )


class GetItem(Function):
    def __init__(self, index: Any) -> None:
        self.index = index
        self.is_view = is_basic(index)

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return array_module(x).asarray(x[self.index])

    def backward(self, g: Tensor) -> Tensor:
        return Scatter(self.index, self.shape)(g)


class Scatter(Function):
    """Zeros of `shape` with the input added at `index`: the adjoint of GetItem."""

    def __init__(self, index: Any, shape: tuple[int, ...]) -> None:
        self.index, self.shape = index, shape

    def forward(self, g: Array) -> Array:
        xp = array_module(g)
        y = xp.zeros(self.shape, g.dtype)
        if is_basic(self.index):
            y[self.index] = g
        else:
            xp.add.at(y, self.index, g)
        return y

    def backward(self, gg: Tensor) -> Tensor:
        return GetItem(self.index)(gg)


class SetItem(Function):
    """A copy of x with `value` at `index`."""

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Array, value: Any) -> Array:
        y = x.copy()
        self.value_shape = getattr(value, "shape", None)
        y[self.index] = value
        return y

    def backward(self, g: Tensor) -> Any:
        from .reduce import sum_to

        zero = SetItem(self.index)(g, 0.0) if self.needs[0] else None
        return zero, sum_to(GetItem(self.index)(g), self.value_shape) if self.needs[1] else None


class Where(Function):
    def __init__(self, condition: Array) -> None:
        self.condition = condition

    def forward(self, x: Any, y: Any) -> Array:
        self.shapes = getattr(x, "shape", None), getattr(y, "shape", None)
        like = x if hasattr(x, "dtype") else y
        return array_module(like).where(self.condition, x, y).astype(like.dtype, copy=False)

    def backward(self, g: Tensor) -> Any:
        from .reduce import sum_to

        first = sum_to(Where(self.condition)(g, 0.0), self.shapes[0]) if self.needs[0] else None
        return first, sum_to(Where(~self.condition)(g, 0.0), self.shapes[1]) if self.needs[1] else None


class Gather(Function):
    """The elements that `index` names along one dimension."""

    def __init__(self, dim: int, index: Array) -> None:
        self.dim, self.index = dim, index

    def places(self) -> tuple[Array, ...]:
        xp = array_module(self.index)
        places = list(xp.ogrid[tuple(slice(n) for n in self.index.shape)])
        places[self.dim] = self.index
        return tuple(places)

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x[self.places()]

    def backward(self, g: Tensor) -> Tensor:
        return Scatter(self.places(), self.shape)(g)


def getitem(input: Tensor, index: Any) -> Tensor:
    """Elements by integers, slices, None, …, masks and arrays of integers, as NumPy indexes and with its views."""
    plain = plain_index(index)
    try:
        return GetItem(plain)(input)
    except IndexError as error:
        raise IndexError(f"[getitem] expected an index within shape {input.shape}, got {index!r} ({error})") from None


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on for the others."""
    axis = check_dim("gather", dim, input.ndim)
    if not isinstance(index, Tensor) or index.dtype.kind not in "iu":
        raise TypeError(f"[gather] expected index as a tensor of integers, got {getattr(index, 'dtype', type(index))}")
    fits = index.ndim == input.ndim and all(
        i == axis or n <= m for i, (n, m) in enumerate(zip(index.shape, input.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"[gather] expected an index that fits input {input.shape} but in dim {dim}, got {index.shape}"
        )
    _check_range("gather", index._data, input.shape[axis])
    if input.ndim == 0:
        return input.clone()
    return Gather(axis, index._data)(input)


def _check_range(function: str, index: Array, size: int) -> None:
    bad = (index < 0) | (index >= size)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise IndexError(
            f"[{function}] expected indices in 0 … {size - 1}, got {int(index[place])} at position {place}"
        )


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of dimension `dim` that the integers of `index` name."""
    axis = check_dim("index_select", dim, input.ndim)
    _check_range("index_select", index._data, input.shape[axis])
    return GetItem((slice(None),) * axis + (index._data,))(input)


def where(condition: Tensor, input: Any, other: Any) -> Tensor:
    """input where the condition is set, other elsewhere; broadcasts."""
    if not isinstance(condition, Tensor) or condition.dtype.kind != "b":
        raise TypeError(
            f"[where] expected condition as a bool tensor, got {getattr(condition, 'dtype', type(condition))}"
        )
    a, b = promote("where", input, other)
    return Where(condition._data)(a, b)


def masked_fill(input: Tensor, mask: Tensor, value: float) -> Tensor:
    """`value` where the mask is set, input elsewhere."""
    return where(mask, float(value) if input.dtype.kind == "f" else value, input)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is set, in row-major order."""
    return getitem(input, mask)
