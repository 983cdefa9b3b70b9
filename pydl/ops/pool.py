"""Pooling over windows: largest, mean and sum. Gathering and scattering are each other's adjoints."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Function
from ..backend import Array, array_module, kernels
from ..tensor import Tensor
from .checks import as_sizes, as_tensor


class MaxPool(Function):
    """The tap that each window took is kept by the node as the kernels number it."""

    def __init__(self, *window: Any) -> None:
        self.window = window

    def forward(self, x: Array) -> Array:
        self.image = x.shape[-2:]
        y, self.index = kernels(x).max_pool2d(x, *self.window)
        return y

    def backward(self, g: Tensor) -> Tensor:
        return MaxScatter(self.window, self.index, self.image)(g)


class MaxScatter(Function):
    """Every gradient at the element that its window took."""

    def __init__(self, window: tuple, index: Array, image: tuple[int, ...]) -> None:
        self.window, self.index, self.image = window, index, image

    def forward(self, g: Array) -> Array:
        return kernels(g).max_pool2d_scatter(g, self.index, *self.image, *self.window)

    def backward(self, gg: Tensor) -> Tensor:
        return MaxGather(self.window, self.index)(gg)


class MaxGather(Function):
    """The elements that the windows took."""

    def __init__(self, window: tuple, index: Array) -> None:
        self.window, self.index = window, index

    def forward(self, x: Array) -> Array:
        self.image = x.shape[-2:]
        return kernels(x).max_pool2d_gather(x, self.index, *self.window)

    def backward(self, g: Tensor) -> Tensor:
        return MaxScatter(self.window, self.index, self.image)(g)


class AvgPool(Function):
    def __init__(self, *window: Any) -> None:
        self.window = window

    def forward(self, x: Array) -> Array:
        self.image = x.shape[-2:]
        return kernels(x).avg_pool2d(x, *self.window)

    def backward(self, g: Tensor) -> Tensor:
        return AvgScatter(self.window, self.image)(g)


class AvgScatter(Function):
    """Every gradient shared among the elements of its window."""

    def __init__(self, window: tuple, image: tuple[int, ...]) -> None:
        self.window, self.image = window, image

    def forward(self, g: Array) -> Array:
        return kernels(g).avg_pool2d_scatter(g, *self.image, *self.window)

    def backward(self, gg: Tensor) -> Tensor:
        return AvgPool(*self.window)(gg)


def _stride(kernel_size: Any, stride: Any) -> Any:
    none = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    return as_sizes(kernel_size if none else stride)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest element of each window of (N, C, H, W) or (C, H, W); NaN where there is one.

    Sizes: ⌊(n + 2 · padding - dilation · (kernel_size - 1) - 1) / stride⌋ + 1; stride defaults to kernel_size. With
    `ceil_mode` the quotient is rounded up, but no window begins beyond the image and the padding before it. The
    gradient goes to the element taken, the first of equals. With `return_indices` also its place in H · W as int64
    (-1 for a window without an element, which only dilation makes).
    """
    window = as_sizes(kernel_size), _stride(kernel_size, stride), as_sizes(padding), as_sizes(dilation)
    pool = MaxPool(*window, bool(ceil_mode))
    values = pool(as_tensor("max_pool2d", input))
    return (values, Tensor._wrap(_places(pool))) if return_indices else values


def _both(value: Any) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, (tuple, list)) else (int(value), int(value))


def _places(pool: MaxPool) -> Array:
    """The taps that a pooling took, as places in the flattened image."""
    kernel, stride, padding, dilation = (_both(v) for v in pool.window[:4])
    xp = array_module(pool.index)
    tap = pool.index.astype(np.int64)
    rows, columns = (xp.arange(n) * s - p for n, s, p in zip(tap.shape[-2:], stride, padding, strict=True))
    row = rows[:, None] + tap // kernel[1] * dilation[0]
    places = row * pool.image[1] + columns + tap % kernel[1] * dilation[1]
    no_tap = xp.asarray(-1).astype(pool.index.dtype)  # kNoTap of csrc/kernels/pool.h
    return xp.where(pool.index == no_tap, -1, places)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window of (N, C, H, W) or (C, H, W); sizes as in `max_pool2d`.

    Padding counts as zeros, unless `count_include_pad` is False; `divisor_override` replaces the number divided by.
    """
    window = as_sizes(kernel_size), _stride(kernel_size, stride), as_sizes(padding), bool(ceil_mode)
    return AvgPool(*window, bool(count_include_pad), divisor_override)(as_tensor("avg_pool2d", input))


def sum_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False
) -> Tensor:
    """Sum of each window of (N, C, H, W) or (C, H, W); sizes as in `max_pool2d`."""
    window = as_sizes(kernel_size), _stride(kernel_size, stride), as_sizes(padding), bool(ceil_mode)
    return AvgPool(*window, True, 1)(as_tensor("sum_pool2d", input))
