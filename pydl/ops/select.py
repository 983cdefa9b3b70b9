"""Choosing elements: indexing, masks, gather, where."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import recording
from ..arrays import float32
from ..autograd import Function
from ..backend import Array, array_module, kernels
from ..tensor import Tensor
from .checks import as_tensor, broadcast
from .dims import check_dim
from .index import in_order, is_basic, plain_index
from .kept import Kept, keep
from .promotion import as_operand, promote


class GetItem(Function):
    """x[index], its axes first put in `order` where one is given."""

    def __init__(self, index: Kept, order: tuple[int, ...] | None = None) -> None:
        self.index, self.order = index, order
        self.is_view = is_basic(index.value)

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return array_module(x).asarray(ordered(x, self.order)[self.index.value])

    def backward(self, g: Tensor) -> Tensor:
        self.index.load(self.name)
        return Scatter(self.index, self.shape, self.order)(g)


class Scatter(Function):
    """Zeros of `shape` with the input added at `index`: the adjoint of GetItem."""

    def __init__(self, index: Kept, shape: tuple[int, ...], order: tuple[int, ...] | None = None) -> None:
        self.index, self.shape, self.order = index, shape, order

    def forward(self, g: Array) -> Array:
        xp = array_module(g)
        y = xp.zeros(self.shape, g.dtype)
        if is_basic(self.index.value):
            y[self.index.value] = g
        else:
            xp.add.at(ordered(y, self.order), self.index.value, g)
        return y

    def backward(self, gg: Tensor) -> Tensor:
        self.index.load(self.name)
        return GetItem(self.index, self.order)(gg)


class SetItem(Function):
    """A copy of x with `value` at `index`."""

    def __init__(self, index: Kept, order: tuple[int, ...] | None = None) -> None:
        self.index, self.order = index, order

    def forward(self, x: Array, value: Any) -> Array:
        y = x.copy()
        self.value_shape = getattr(value, "shape", None)
        ordered(y, self.order)[self.index.value] = value
        return y

    def backward(self, g: Tensor) -> Any:
        from .reduce import sum_to

        self.index.load(self.name)
        zero = SetItem(self.index, self.order)(g, 0.0) if self.needs[0] else None
        at = GetItem(self.index, self.order)
        return zero, sum_to(at(g), self.value_shape) if self.needs[1] else None


def ordered(array: Array, order: tuple[int, ...] | None) -> Array:
    """A view with its axes in `order`."""
    return array if order is None else array.transpose(order)


class Where(Function):
    def __init__(self, condition: Kept) -> None:
        self.condition = condition

    def forward(self, x: Any, y: Any) -> Array:
        self.shapes = getattr(x, "shape", None), getattr(y, "shape", None)
        like = x if hasattr(x, "dtype") else y
        condition = self.condition.value
        own = isinstance(like, np.ndarray) and like.dtype.kind == "f" and isinstance(condition, np.ndarray)
        if own and all(getattr(v, "dtype", like.dtype) == like.dtype and not isinstance(v, bool) for v in (x, y)):
            return kernels(like).where(condition, x, y)
        return array_module(like).where(condition, x, y).astype(like.dtype, copy=False)

    def backward(self, g: Tensor) -> Any:
        from .reduce import sum_to

        self.condition.load(self.name)
        first = sum_to(Where(self.condition)(g, 0.0), self.shapes[0]) if self.needs[0] else None
        return first, sum_to(Where(self.condition)(0.0, g), self.shapes[1]) if self.needs[1] else None


class Gather(Function):
    """The elements that `index` names along one dimension."""

    def __init__(self, dim: int, index: Kept) -> None:
        self.dim, self.index = dim, index

    def places(self) -> Kept:
        index = self.index.value
        places = list(array_module(index).ogrid[tuple(slice(n) for n in index.shape)])
        places[self.dim] = index
        return self.index.mapped(tuple(places))

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x[self.places().value]

    def backward(self, g: Tensor) -> Tensor:
        self.index.load(self.name)
        return Scatter(self.places(), self.shape)(g)


def getitem(input: Tensor, index: Any) -> Tensor:
    """Elements by integers, slices, None, …, masks and arrays of integers; a view where there are no masks and arrays.

    As in NumPy, but that an integer beside arrays takes its dimension away first, as in PyTorch: x[0, :, [0, 2]] of
    shape (2, 3, 4) is (3, 2).
    """
    kept, order = keep("the index", plain_index(index), input), None
    if isinstance(kept.value, tuple):
        value, order = in_order(kept.value, input.ndim)
        kept = kept.mapped(value)
    try:
        return GetItem(kept, order)(input)
    except (IndexError, TypeError) as error:
        raise IndexError(f"[getitem] expected an index within shape {input.shape}, got {index!r} ({error})") from None


def check_index(function: str, index: Any) -> Tensor:
    """`index`, a tensor of integers."""
    if not isinstance(index, Tensor) or index.dtype.kind not in "iu":
        got = getattr(index, "dtype", type(index).__name__)
        raise TypeError(f"[{function}] expected index as a tensor of integers, got {got}")
    return as_tensor(function, index)


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on for the others."""
    axis = check_dim("gather", dim, as_tensor("gather", input).ndim)
    check_index("gather", index)
    fits = index.ndim == input.ndim and all(
        i == axis or n <= m for i, (n, m) in enumerate(zip(index.shape, input.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"[gather] expected an index that fits input {input.shape} but in dim {dim}, got {index.shape}"
        )
    check_range("gather", index._data, input.shape[axis] if input.ndim else 1)
    if input.ndim == 0:
        return input.clone()
    return Gather(axis, keep("index", index, input))(input)


def check_range(function: str, index: Array, size: int) -> None:
    recording.check(_check_range, function, index, size)


def _check_range(function: str, index: Array, size: int) -> None:
    bad = (index < 0) | (index >= size)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise IndexError(
            f"[{function}] expected indices in 0 … {size - 1}, got {int(index[place])} at position {place}"
        )


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of dimension `dim` that the integers of `index`, a vector or one of them, name."""
    axis = check_dim("index_select", dim, as_tensor("index_select", input).ndim)
    check_index("index_select", index)
    if index.ndim > 1 or input.ndim == 0:
        raise ValueError(
            f"[index_select] expected index of one dimension and an input with dimensions, got {index.shape} for "
            f"{input.shape}"
        )
    check_range("index_select", index._data, input.shape[axis])
    vector = index if index.ndim else index.reshape(1)
    return GetItem(keep("index", (*(slice(None),) * axis, vector), input))(input)


def _check_mask(function: str, name: str, mask: Any) -> Tensor:
    if not isinstance(mask, Tensor) or mask.dtype.kind != "b":
        got = getattr(mask, "dtype", type(mask).__name__)
        raise TypeError(f"[{function}] expected {name} as a bool tensor, got {got}")
    return as_tensor(function, mask)


def where(condition: Tensor, input: Any, other: Any) -> Tensor:
    """input where the condition (bool) is set, other elsewhere, in the shape that all three broadcast to."""
    return _where("where", "condition", condition, input, other)


def _where(function: str, name: str, condition: Any, input: Any, other: Any) -> Tensor:
    _check_mask(function, name, condition)
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        numbers = [as_operand(function, x) for x in (input, other)]
        kind = float32 if any(isinstance(x, float) for x in numbers) else None
        input = numbers[0] if isinstance(numbers[0], Tensor) else Tensor._wrap(np.asarray(numbers[0], kind))
    a, b = promote(function, input, other)
    broadcast(function, condition, a, b)
    return Where(keep(f"the {name}", condition, a, b))(a, b)


def masked(x: Tensor, mask: Array) -> Tensor:
    """x where the mask, which no one changes, is set, else 0: NaN and infinity outside the mask are dropped."""
    return Where(Kept(mask))(x, 0.0)


def masked_fill(input: Tensor, mask: Tensor, value: float) -> Tensor:
    """`value` where the mask is set, input elsewhere."""
    as_tensor("masked_fill", input)
    _check_mask("masked_fill", "mask", mask)
    value = as_operand("masked_fill", value)
    if isinstance(value, Tensor) and value.ndim:
        raise ValueError(f"[masked_fill] expected value as a number or a scalar, got shape {value.shape}")
    if isinstance(value, Tensor):
        value = value.to(input.dtype)
    elif input.dtype.kind == "f":
        value = float(value)
    elif input.dtype.kind == "b":
        value = as_operand("masked_fill", bool(value))
    return _where("masked_fill", "mask", mask, value, input)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask (bool) is set, a vector in row-major order; both broadcast."""
    as_tensor("masked_select", input)
    _check_mask("masked_select", "mask", mask)
    shape = broadcast("masked_select", input, mask)
    return GetItem(keep("the mask", mask.expand(shape), input))(input.expand(shape))
