"""Pooling over windows: largest, mean and sum. Gathering and scattering are each other's adjoints."""

from __future__ import annotations

from typing import Any

from ..autograd import Function
from ..backend import Array, kernels
from ..tensor import Tensor
from .reduce import mean


class MaxPool(Function):
    """The index of each window's largest element is kept by the node, not exposed."""

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
    return kernel_size if stride is None or (isinstance(stride, (tuple, list)) and not stride) else stride


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """Largest element of each window of (N, C, H, W) or (C, H, W); NaN where there is one.

    Sizes: ⌊(n + 2 · padding - dilation · (kernel_size - 1) - 1) / stride⌋ + 1; stride defaults to kernel_size. The
    gradient goes to the element taken, the first of equals.
    """
    if return_indices:
        raise ValueError("[max_pool2d] expected return_indices=False, got True: indices stay inside the operation")
    return MaxPool(kernel_size, _stride(kernel_size, stride), padding, dilation, bool(ceil_mode))(input)


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
    window = kernel_size, _stride(kernel_size, stride), padding, bool(ceil_mode), bool(count_include_pad)
    return AvgPool(*window, divisor_override)(input)


def sum_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False
) -> Tensor:
    """Sum of each window of (N, C, H, W) or (C, H, W); sizes as in `max_pool2d`."""
    return AvgPool(kernel_size, _stride(kernel_size, stride), padding, bool(ceil_mode), True, 1)(input)


def _cells(function: str, output_size: Any, image: tuple[int, ...]) -> tuple[int, int]:
    sizes = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    if len(sizes) != 2:
        raise ValueError(f"[{function}] expected output_size as one or two integers, got {output_size!r}")
    sizes = tuple(n if size is None else size for size, n in zip(sizes, image, strict=True))
    if any(isinstance(s, bool) or not isinstance(s, int) for s in sizes):
        raise TypeError(f"[{function}] expected output_size as one or two integers, got {output_size!r}")
    if any(s < 1 for s in sizes):
        raise ValueError(f"[{function}] expected output_size >= 1, got {output_size!r}")
    return sizes[0], sizes[1]


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Means of output_size cells that cover (N, C, H, W) or (C, H, W): cell i of o spans ⌊i·n/o⌋ … ⌈(i+1)·n/o⌉."""
    from .shape import stack

    if input.ndim not in (3, 4):
        raise ValueError(f"[adaptive_avg_pool2d] expected a 3-D or 4-D input, got shape {input.shape}")
    h, w = input.shape[-2:]
    rows, columns = _cells("adaptive_avg_pool2d", output_size, (h, w))
    if rows == columns == 1:
        return mean(input, (-2, -1), keepdim=True)
    if h % rows == 0 and w % columns == 0:
        return avg_pool2d(input, (h // rows, w // columns))
    tops = [slice(i * h // rows, -(-(i + 1) * h // rows)) for i in range(rows)]
    lefts = [slice(j * w // columns, -(-(j + 1) * w // columns)) for j in range(columns)]
    cells = [[mean(input[..., top, left], (-2, -1)) for left in lefts] for top in tops]
    return stack([stack(row, -1) for row in cells], -2)
