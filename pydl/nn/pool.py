"""Pooling layers: (N, C, H, W) or (C, H, W) → the same with H' = ⌊(H + 2p - d(k - 1) - 1) / s⌋ + 1, and W' alike.

Sizes are integers or (down, across); the stride is the kernel's size by default. With `ceil_mode` the quotient is
rounded up (`pydl.nn.arithmetic.output_size`). ValueError where a window is larger than the padded image, with
`ceil_mode` by a stride or more.
"""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .checks import integer, integers
from .module import Module


class MaxPool2d(Module):
    """Largest element of each window, padded with -∞; with `return_indices` also its place in H · W (int64)."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        integers("MaxPool2d", "kernel_size", kernel_size, 2)
        integers("MaxPool2d", "stride", kernel_size if stride is None else stride, 2)
        integers("MaxPool2d", "padding", padding, 2, low=0)
        integers("MaxPool2d", "dilation", dilation, 2)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        return F.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class AvgPool2d(Module):
    """Mean of each window, zeros of the padding included unless `count_include_pad` is False.

    `divisor_override` divides the sum instead.
    """

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        integers("AvgPool2d", "kernel_size", kernel_size, 2)
        integers("AvgPool2d", "stride", kernel_size if stride is None else stride, 2)
        integers("AvgPool2d", "padding", padding, 2, low=0)
        if divisor_override is not None:
            integer("AvgPool2d", "divisor_override", divisor_override)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode = padding, ceil_mode
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad,
            self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class SumPool2d(Module):
    """Sum of each window."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        integers("SumPool2d", "kernel_size", kernel_size, 2)
        integers("SumPool2d", "stride", kernel_size if stride is None else stride, 2)
        integers("SumPool2d", "padding", padding, 2, low=0)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding = padding

    def forward(self, input: Tensor) -> Tensor:
        return F.sum_pool2d(input, self.kernel_size, self.stride, self.padding)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool2d(Module):
    """Elements back at the places that MaxPool2d(return_indices=True) took them from; see `functional.max_unpool2d`."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = integers("MaxUnpool2d", "kernel_size", kernel_size, 2)
        self.stride = self.kernel_size if stride is None else integers("MaxUnpool2d", "stride", stride, 2)
        self.padding = integers("MaxUnpool2d", "padding", padding, 2, low=0)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _Adaptive(Module):
    def __init__(self, output_size: Any) -> None:
        super().__init__()
        name = type(self).__name__
        sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
        if len(sizes) != 2:
            raise ValueError(f"[{name}] expected output_size as an integer or 2, got {output_size}")
        for size in sizes:
            if size is not None:
                integer(name, "output_size", size)
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool2d(_Adaptive):
    """Means over windows chosen so that the output is `output_size`; None keeps a size."""

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveMaxPool2d(_Adaptive):
    """Largest elements of windows chosen so that the output is `output_size`; None keeps a size."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)
