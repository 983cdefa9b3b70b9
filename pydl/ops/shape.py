"""Rearranging: views where NumPy gives a view, copies where it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import Function
from ..backend import Array, array_module
from ..tensor import Tensor
from .checks import as_integer, as_list, as_tensor
from .copying import copied, joined, padded, reshaped
from .dims import as_shape, check_dim, check_dims


class Reshape(Function):
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        y, self.is_view = reshaped(x, self.shape)
        return y

    def backward(self, g: Tensor) -> Tensor:
        return reshape(g, self.source)


class Permute(Function):
    is_view = True

    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def forward(self, x: Array) -> Array:
        return x.transpose(self.dims)

    def backward(self, g: Tensor) -> Tensor:
        return permute(g, tuple(int(i) for i in np.argsort(self.dims)))


class Expand(Function):
    is_view = True

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        self.source = x.shape
        return array_module(x).broadcast_to(x, self.shape)

    def backward(self, g: Tensor) -> Tensor:
        from .reduce import sum_to

        return sum_to(g, self.source)


class Clone(Function):
    def __init__(self, contiguous: bool = False) -> None:
        self.contiguous = contiguous

    def forward(self, x: Array) -> Array:
        return copied(x, self.contiguous)

    def backward(self, g: Tensor) -> Tensor:
        return g


class Cat(Function):
    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, *arrays: Array) -> Array:
        self.sizes = [a.shape[self.dim] for a in arrays]
        return joined(arrays, self.dim)

    def backward(self, g: Tensor) -> Any:
        parts, start = [], 0
        for size in self.sizes:
            parts.append(narrow(g, self.dim, start, size))
            start += size
        return tuple(parts)


class Flip(Function):
    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def forward(self, x: Array) -> Array:
        # NumPy makes a number, no array, of one that has no dimensions.
        return copied(array_module(x).flip(x, self.dims) if self.dims else x, contiguous=True)

    def backward(self, g: Tensor) -> Tensor:
        return flip(g, self.dims)


class Pad(Function):
    """Constant padding; `widths` is ((before, after), …) for every dimension."""

    def __init__(self, widths: tuple[tuple[int, int], ...], value: float) -> None:
        self.widths, self.value = widths, value

    def forward(self, x: Array) -> Array:
        return padded(x, self.widths, self.value)

    def backward(self, g: Tensor) -> Tensor:
        return g[tuple(slice(a, n - b) for n, (a, b) in zip(g.shape, self.widths, strict=True))]


def reshape(input: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """The elements in row-major order in another shape; one size may be -1. A view where possible."""
    if shape is not None:
        sizes = (*sizes, shape)
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    known = as_shape("reshape", [1 if isinstance(s, int) and s == -1 else s for s in sizes])
    if sum(1 for s in sizes if s == -1) > 1:
        raise ValueError(f"[reshape] expected at most one size of -1, got {tuple(sizes)}")
    count = 1
    for size in known:
        count *= size
    free = any(s == -1 for s in sizes)
    total = as_tensor("reshape", input).numel()
    if (not free and count != total) or (free and (count == 0 or total % count)):
        raise ValueError(f"[reshape] expected a shape of {total} elements for input {input.shape}, got {tuple(sizes)}")
    target = tuple(total // count if s == -1 else int(s) for s in sizes)
    return Reshape(target)(input)


def owned(view: Tensor) -> Tensor:
    """A view of memory that no one else holds, as a tensor of its own: it may be changed in place."""
    if view._is_view:
        view._is_view = False
        view._shared_version().recorded_views -= 1
    return view


def view(input: Tensor, *shape: Any) -> Tensor:
    """Like `reshape`; with a dtype, the elements converted to it would not be a view, so that is a TypeError."""
    if len(shape) == 1 and not isinstance(shape[0], (int, tuple, list, np.integer)):
        raise TypeError(f"[view] expected sizes as integers, got {type(shape[0]).__name__}; use to() for dtypes")
    return reshape(input, *shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` in the shape of `other`."""
    return reshape(input, other.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions start_dim … end_dim as one."""
    if as_tensor("flatten", input).ndim == 0:
        return reshape(input, (1,))
    start, end = check_dim("flatten", start_dim, input.ndim), check_dim("flatten", end_dim, input.ndim)
    if start > end:
        raise ValueError(f"[flatten] expected start_dim <= end_dim, got {start_dim} and {end_dim}")
    middle = 1
    for n in input.shape[start : end + 1]:
        middle *= n
    return reshape(input, (*input.shape[:start], middle, *input.shape[end + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` split into `sizes`."""
    axis = check_dim("unflatten", dim, as_tensor("unflatten", input).ndim)
    if not isinstance(sizes, (tuple, list)):
        raise TypeError(f"[unflatten] expected sizes as a tuple of integers, got {type(sizes).__name__}")
    rest = [as_integer("unflatten", "every size", n) for n in sizes]
    if -1 in rest:
        known = -1
        for s in rest:
            known *= s
        rest[rest.index(-1)] = input.shape[axis] // max(known, 1)
    return reshape(input, (*input.shape[:axis], *rest, *input.shape[axis + 1 :]))


def permute(input: Tensor, *order: Any, dims: Any = None) -> Tensor:
    """The dimensions in another order; a view."""
    order = order if dims is None else (*order, dims)
    if len(order) == 1 and isinstance(order[0], (tuple, list)):
        order = tuple(order[0])
    checked = tuple(check_dim("permute", d, as_tensor("permute", input).ndim) for d in order)
    if sorted(checked) != list(range(input.ndim)):
        raise ValueError(f"[permute] expected every dim of {input.shape} once, got {tuple(order)}")
    return Permute(checked)(input)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged; a view."""
    order = list(range(as_tensor("transpose", input).ndim))
    a, b = check_dim("transpose", dim0, input.ndim), check_dim("transpose", dim1, input.ndim)
    if order:
        order[a], order[b] = b, a
    return Permute(tuple(order))(input)


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; vectors and scalars as they are."""
    if as_tensor("t", input).ndim > 2:
        raise ValueError(f"[t] expected at most 2 dimensions, got {input.shape}")
    return transpose(input, 0, 1) if input.ndim == 2 else input


def movedim(input: Tensor, source: int, destination: int) -> Tensor:
    """Dimension `source` moved to `destination`; a view."""
    order = list(range(input.ndim))
    order.insert(check_dim("movedim", destination, input.ndim), order.pop(check_dim("movedim", source, input.ndim)))
    return Permute(tuple(order))(input)


def expand(input: Tensor, *shape: Any) -> Tensor:
    """Dimensions of size 1 stretched (and new ones put in front) without a copy; -1 keeps a size."""
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    offset = len(sizes) - as_tensor("expand", input).ndim
    target = tuple(input.shape[i - offset] if s == -1 and i >= offset else s for i, s in enumerate(sizes))
    target = as_shape("expand", target)
    fits = offset >= 0 and all(n in (1, m) for n, m in zip(input.shape, target[offset:], strict=True))
    if not fits:
        raise ValueError(f"[expand] expected a shape that {input.shape} broadcasts to, got {tuple(sizes)}")
    return input if target == input.shape else Expand(target)(input)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` stretched to the shape of `other`."""
    return expand(input, other.shape)


def broadcast_to(input: Tensor, shape: Sequence[int]) -> Tensor:
    """`input` stretched to `shape`."""
    return expand(input, tuple(shape))


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without its dimensions of size 1 (or those of `dim` that are)."""
    dims = check_dims("squeeze", dim, as_tensor("squeeze", input).ndim)
    return reshape(input, tuple(n for i, n in enumerate(input.shape) if not (i in dims and n == 1)))


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of size 1 at `dim`."""
    axis = check_dim("unsqueeze", dim, as_tensor("unsqueeze", input).ndim + 1)
    return reshape(input, (*input.shape[:axis], 1, *input.shape[axis:]))


def contiguous(input: Tensor) -> Tensor:
    """Row-major in memory; itself where it is."""
    return input if as_tensor("contiguous", input).is_contiguous() else Clone(contiguous=True)(input)


def clone(input: Tensor) -> Tensor:
    """A copy, through which gradients flow."""
    return Clone()(as_tensor("clone", input))


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`length` elements of dimension `dim` from `start`; a view."""
    axis = check_dim("narrow", dim, as_tensor("narrow", input).ndim)
    start, length = as_integer("narrow", "start", start), as_integer("narrow", "length", length)
    if not 0 <= start <= start + length <= input.shape[axis]:
        raise IndexError(
            f"[narrow] expected start and length within dimension {dim} of {input.shape}, got {start} and {length}"
        )
    return input[(slice(None),) * axis + (slice(start, start + length),)]


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Element `index` of dimension `dim`, which disappears; a view."""
    axis, place = check_dim("select", dim, as_tensor("select", input).ndim), as_integer("select", "index", index)
    if input.ndim == 0 or not -input.shape[axis] <= place < input.shape[axis]:
        raise IndexError(f"[select] expected index within dimension {dim} of shape {input.shape}, got {place}")
    return input[(slice(None),) * axis + (place,)]


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors joined along dimension `dim`; their other sizes must be equal."""
    tensors = as_list("cat", "tensors", tensors)
    if not tensors:
        raise ValueError("[cat] expected at least one tensor, got none")
    first = tensors[0]
    axis = check_dim("cat", dim, first.ndim)
    for x in tensors:
        same = x.ndim == first.ndim and all(
            i == axis or n == m for i, (n, m) in enumerate(zip(x.shape, first.shape, strict=False))
        )
        if not same or x.ndim == 0:
            raise ValueError(f"[cat] expected shapes that agree but in dim {dim}, got {[x.shape for x in tensors]}")
        if x.dtype != first.dtype:
            raise TypeError(f"[cat] expected tensors of one dtype, got {first.dtype} and {x.dtype}")
    return Cat(axis)(*tensors)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape joined along a new dimension at `dim`."""
    tensors = as_list("stack", "tensors", tensors)
    if not tensors:
        raise ValueError("[stack] expected at least one tensor, got none")
    if any(x.shape != tensors[0].shape for x in tensors):
        raise ValueError(f"[stack] expected tensors of one shape, got {[x.shape for x in tensors]}")
    axis = check_dim("stack", dim, tensors[0].ndim + 1)
    return cat([unsqueeze(x, axis) for x in tensors], axis)


def split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of a size (the last may be smaller), or of given sizes that add up, along `dim`; a tuple of views."""
    axis = check_dim("split", dim, as_tensor("split", input).ndim)
    if input.ndim == 0:
        raise ValueError("[split] expected input with dimensions, got a scalar")
    total = input.shape[axis]
    if not isinstance(split_size_or_sections, (tuple, list)):
        size = as_integer("split", "split_size_or_sections", split_size_or_sections)
        if size < 1:
            raise ValueError(f"[split] expected a size >= 1, got {size}")
        sizes = [min(size, total - start) for start in range(0, total, size)] or [0]
    else:
        sizes = [as_integer("split", "every size", n) for n in split_size_or_sections]
        if sum(sizes) != total or any(s < 0 for s in sizes):
            raise ValueError(f"[split] expected sizes that add up to {total}, got {sizes}")
    parts, start = [], 0
    for size in sizes:
        parts.append(narrow(input, axis, start, size))
        start += size
    return tuple(parts)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of nearly one size along `dim`; views."""
    chunks, axis = as_integer("chunk", "chunks", chunks), check_dim("chunk", dim, as_tensor("chunk", input).ndim)
    if chunks < 1:
        raise ValueError(f"[chunk] expected chunks >= 1, got {chunks}")
    if input.ndim == 0:
        raise ValueError("[chunk] expected input with dimensions, got a scalar")
    total = input.shape[axis]
    return split(input, max(1, -(-total // chunks)), dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Every element of dimension `dim`; views."""
    axis = check_dim("unbind", dim, as_tensor("unbind", input).ndim)
    if input.ndim == 0:
        raise ValueError("[unbind] expected input with dimensions, got a scalar")
    return tuple(select(input, axis, i) for i in range(input.shape[axis]))


def flip(input: Tensor, *chosen: Any, dims: Any = None) -> Tensor:
    """Reversed along dimension(s) `dims`; a copy of the same shape."""
    chosen = chosen if dims is None else (*chosen, dims)
    if len(chosen) == 1 and isinstance(chosen[0], (tuple, list)):
        chosen = tuple(chosen[0])
    return Flip(tuple(check_dim("flip", d, as_tensor("flip", input).ndim) for d in chosen))(input)


def repeat(input: Tensor, *sizes: Any) -> Tensor:
    """Copies side by side: `sizes[i]` along dimension i."""
    counts = as_shape("repeat", sizes)
    if len(counts) < as_tensor("repeat", input).ndim:
        raise ValueError(f"[repeat] expected at least {input.ndim} sizes for {input.shape}, got {counts}")
    shape = (1,) * (len(counts) - input.ndim) + input.shape
    spread = [n for pair in zip(counts, shape, strict=True) for n in pair]
    ones = [n for size in shape for n in (1, size)]
    return reshape(expand(reshape(input, ones), spread), [c * n for c, n in zip(counts, shape, strict=True)])


def check_pad(input: Any, pad: Any) -> tuple[int, ...]:
    """The widths of a padding: pairs of integers for the last dimensions of a tensor."""
    if not isinstance(input, Tensor):
        raise TypeError(f"[pad] expected input to be a tensor, got {type(input).__name__}")
    widths = tuple(pad) if isinstance(pad, (tuple, list)) else None
    if widths is None or any(isinstance(n, bool) or not hasattr(n, "__index__") for n in widths):
        raise TypeError(f"[pad] expected pad as a sequence of integers, got {pad!r}")
    if len(widths) % 2 or len(widths) // 2 > input.ndim:
        raise ValueError(f"[pad] expected pairs for at most {input.ndim} dimensions, got {widths}")
    if any(abs(int(n)) >= 2**31 for n in widths):
        raise ValueError(f"[pad] expected widths below 2³¹, got {widths}")
    return tuple(int(n) for n in widths)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """Constant padding as PyTorch counts it: (left, right, top, bottom, …) from the last dimension; negative crops."""
    if mode != "constant":
        raise ValueError(f'[pad] expected mode "constant", got {mode!r}')
    given = check_pad(input, pad)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"[pad] expected value as a number, got {type(value).__name__}")
    pairs = [(given[i], given[i + 1]) for i in range(0, len(given), 2)]
    widths = ((0, 0),) * (input.ndim - len(pairs)) + tuple(reversed(pairs))
    for n, (a, b) in zip(input.shape, widths, strict=True):
        if n + a + b < 0 or min(a, 0) + min(b, 0) < -n:
            raise ValueError(f"[pad] expected padding that leaves sizes >= 0 for {input.shape}, got {tuple(pad)}")
    inner = input[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(input.shape, widths, strict=True))]
    outer = tuple((max(a, 0), max(b, 0)) for a, b in widths)
    as_shape("pad", [n + a + b for n, (a, b) in zip(inner.shape, outer, strict=True)])
    return Pad(outer, float(value))(inner) if any(w != (0, 0) for w in outer) else inner
