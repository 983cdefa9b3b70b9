"""Pooling whose windows are cells that cover the image, and the way back from the places that pooling took."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import float32, float64
from ..backend import Array, array_module
from ..checks import integer
from ..tensor import Tensor
from .checks import as_sizes, as_tensor
from .pool import _stride, avg_pool2d, max_pool2d
from .reduce import Mean, mean
from .select import check_range, gather, index_select, where
from .shape import cat, flatten, narrow, owned, reshape


def _cells(function: str, output_size: Any, input: Any) -> tuple[int, int]:
    """The output's (H, W)."""
    as_tensor(function, input)
    shape = input.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise ValueError(f"[{function}] expected input of shape (N, C, H, W) or (C, H, W), got {shape}")
    sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    if len(sizes) != 2:
        raise ValueError(f"[{function}] expected output_size as one or two integers, got {output_size!r}")
    rows = shape[-2] if sizes[0] is None else sizes[0]
    columns = shape[-1] if sizes[1] is None else sizes[1]
    for size in (rows, columns):
        if type(size) is not int and not isinstance(size, np.integer):
            raise TypeError(f"[{function}] expected output_size as one or two integers, got {output_size!r}")
    if rows < 1 or columns < 1 or int(rows) * int(columns) >= 2**31:
        raise ValueError(f"[{function}] expected output_size >= 1 of fewer than 2³¹ cells, got {output_size!r}")
    return int(rows), int(columns)


def _ends(n: int, cells: int) -> tuple[Array, Array]:
    """The first element of every cell, and the last."""
    i = np.arange(cells)
    return i * n // cells, -(-(i + 1) * n // cells) - 1


def _averaged(x: Tensor, dim: int, cells: int) -> Tensor:
    """The means of the cells along dimension `dim`."""
    first, last = _ends(x.shape[dim], cells)
    if cells > x.shape[dim]:  # a cell is one element or two
        ends = [index_select(x, dim, Tensor._wrap(array_module(x._data).asarray(end))) for end in (first, last)]
        return (ends[0] + ends[1]) * 0.5
    spans = zip(first.tolist(), last.tolist(), strict=True)
    return cat([mean(narrow(x, dim, a, b - a + 1), dim, keepdim=True) for a, b in spans], dim)


def _taps(n: int, cells: int) -> Array:
    """The elements of every cell, (cells, most of a cell): the last again where a cell has fewer."""
    first, last = _ends(n, cells)
    reach = np.arange(int((last - first).max()) + 1)
    return np.minimum(first[:, None] + reach, last[:, None])


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of output_size cells that cover (N, C, H, W) or (C, H, W): cell i of o spans ⌊i·n/o⌋ … ⌈(i+1)·n/o⌉."""
    rows, columns = _cells("adaptive_avg_pool2d", output_size, input)
    if input.dtype not in (float32, float64):
        raise TypeError(f"[adaptive_avg_pool2d] expected input of dtype float32 or float64, got {input.dtype}")
    h, w = input.shape[-2:]
    if rows == columns == 1:
        return Mean((input.ndim - 2, input.ndim - 1), True)(input)
    if h % rows == 0 and w % columns == 0:
        return avg_pool2d(input, (h // rows, w // columns))
    return owned(_averaged(_averaged(input, -1, columns), -2, rows))


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Largest elements of the cells of `adaptive_avg_pool2d`; with `return_indices` also their places in H · W.

    The gradient goes to the element taken: the first of equals, the last NaN.
    """
    rows, columns = _cells("adaptive_max_pool2d", output_size, input)
    h, w = input.shape[-2:]
    if h % rows == 0 and w % columns == 0:
        return max_pool2d(input, (h // rows, w // columns), return_indices=return_indices)
    xp = array_module(input._data)
    down, across = xp.asarray(_taps(h, rows)), xp.asarray(_taps(w, columns))
    places = down[:, None, :, None] * w + across[None, :, None, :]
    flat = input._data.reshape(*input.shape[:-2], h * w)[..., places.reshape(rows, columns, -1)]
    strange = flat != flat
    last_nan = flat.shape[-1] - 1 - strange[..., ::-1].argmax(-1)
    taken = xp.where(strange.any(-1), last_nan, flat.argmax(-1))
    places = xp.take_along_axis(xp.broadcast_to(places.reshape(rows, columns, -1), flat.shape), taken[..., None], -1)
    places = places[..., 0]
    index = Tensor._wrap(places)
    values = owned(reshape(gather(flatten(input, -2), -1, flatten(index, -2)), index.shape))
    return (values, index) if return_indices else values


def _pair(name: str, value: Any, low: int) -> tuple[int, int]:
    """One integer for both dimensions, or two."""
    value = as_sizes(value)
    pair = value if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2:
        raise ValueError(f"[max_unpool2d] expected {name} to be one or two integers, got {value}")
    return integer("max_unpool2d", name, pair[0], low), integer("max_unpool2d", name, pair[1], low)


def _unpooled(input: Tensor, window: tuple[Any, Any, Any], output_size: Any) -> tuple[int, int]:
    """The (H, W) of an image that was pooled to `input`."""
    names = ("kernel_size", 1), ("stride", 1), ("padding", 0)
    kernel, stride, padding = (_pair(name, value, low) for (name, low), value in zip(names, window, strict=True))
    axes = list(zip(input.shape[-2:], kernel, stride, padding, strict=True))
    sizes = [(n - 1) * s - 2 * p + k for n, k, s, p in axes]
    if output_size is not None:
        given = as_sizes(output_size)
        if not isinstance(given, (tuple, list)) or len(given) < 2:
            raise TypeError(f"[max_unpool2d] expected output_size as a tuple of two sizes or more, got {output_size!r}")
        wanted = list(_pair("output_size", given[-2:], 0))
        if any(abs(a - b) >= s for a, b, s in zip(wanted, sizes, stride, strict=True)):
            raise ValueError(
                f"[max_unpool2d] expected output_size within stride {stride} of {tuple(sizes)}, got {output_size}"
            )
        sizes = wanted
    if min(sizes) < 1 or sizes[0] * sizes[1] >= 2**60:
        raise ValueError(f"[max_unpool2d] expected a window that gives sizes >= 1, got {kernel}, {stride}, {padding}")
    return sizes[0], sizes[1]


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros, with each element of `input` at its place of `indices` as `max_pool2d` returns them.

    Sizes: (n - 1) · stride - 2 · padding + kernel_size, or `output_size`. Where several elements have one place, the
    last is taken and gets the gradient. IndexError for a place outside the result.
    """
    if not isinstance(input, Tensor) or input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        got = getattr(input, "shape", type(input).__name__)
        raise ValueError(f"[max_unpool2d] expected input of shape (N, C, H, W) or (C, H, W), got {got}")
    if not isinstance(indices, Tensor) or indices.dtype.kind not in "iu":
        got = getattr(indices, "dtype", type(indices).__name__)
        raise TypeError(f"[max_unpool2d] expected indices as a tensor of integers, got {got}")
    if indices.shape != input.shape:
        raise ValueError(f"[max_unpool2d] expected indices of shape {input.shape}, got {indices.shape}")
    h, w = _unpooled(input, (kernel_size, _stride(kernel_size, stride), padding), output_size)
    index = as_tensor("max_unpool2d", indices)._data
    check_range("max_unpool2d", index, h * w)
    xp = array_module(index)
    rows, count = int(np.prod(input.shape[:-2])), input.shape[-2] * input.shape[-1]
    source = xp.full((rows, h * w), -1, np.int64)
    source[xp.arange(rows)[:, None], index.reshape(rows, count)] = xp.arange(count)
    taken = gather(reshape(input, (rows, count)), 1, Tensor._wrap(xp.maximum(source, 0)))
    return owned(reshape(where(Tensor._wrap(source >= 0), taken, 0.0), (*input.shape[:-2], h, w)))
