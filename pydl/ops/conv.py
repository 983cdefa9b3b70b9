"""Convolution, its transpose and its weight gradient: the derivative of each is made of the other two."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ..autograd import Function
from ..backend import Array, kernels
from ..tensor import Tensor
from .checks import as_sizes
from .matmul import check_operands
from .reduce import sum
from .shape import owned, squeeze, unsqueeze


def _pair(value: Any) -> tuple[Any, Any]:
    return (value[0], value[1]) if isinstance(value, (tuple, list)) else (value, value)


class _Window:
    """The options of one convolution, checked by its forward kernel before anything here is asked for."""

    def __init__(self, stride: Any, padding: Any, dilation: Any, groups: Any) -> None:
        self.stride, self.padding, self.dilation = as_sizes(stride), as_sizes(padding), as_sizes(dilation)
        self.groups = groups

    def explicit(self, kernel: Sequence[int]) -> _Window:
        """The same, with padding as ((top, bottom), (left, right))."""
        if isinstance(self.padding, str):
            steps = zip(_pair(self.dilation), kernel, strict=True)
            total = [d * (k - 1) if self.padding == "same" else 0 for d, k in steps]
            ends = tuple((t // 2, t - t // 2) for t in total)
        else:
            ends = tuple(_pair(p) for p in _pair(self.padding))
        return _Window(self.stride, ends, self.dilation, self.groups)

    def missing(self, image: Sequence[int], maps: Sequence[int], kernel: Sequence[int]) -> tuple[int, ...]:
        """By how much the image is larger than the transposed convolution of maps makes it (output_padding)."""
        axes = zip(image, maps, kernel, _pair(self.stride), self.padding, _pair(self.dilation), strict=True)
        return tuple(n - ((m - 1) * s - p[0] - p[1] + d * (k - 1) + 1) for n, m, k, s, p, d in axes)


class Conv2d(Function):
    """`size` is the size of the result where it is smaller than what fits."""

    def __init__(self, window: _Window, size: Sequence[int] | None = None) -> None:
        self.window, self.size = window, size

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.retain_inputs(0, 1)
        o = self.window
        self.image, self.kernel, self.strides = x.shape[-2:], w.shape[-2:], x.strides
        return kernels(x).conv2d(x, w, b, o.stride, o.padding, o.dilation, o.groups, self.size)

    def backward(self, g: Tensor) -> Any:
        first = second = third = None
        if self.needs[1]:
            second = WeightGrad(self.window, self.kernel)(self.input(0), g)
        if self.needs[2]:
            third = _bias_gradient(g)
        if self.needs[0]:  # last: the layer below works on it next
            window = self.window.explicit(self.kernel)
            added = window.missing(self.image, g.shape[-2:], self.kernel)
            first = ConvTranspose2d(window, added, self.strides)(g, self.input(1), None)
        return first, second, third


class ConvTranspose2d(Function):
    """`strides` are those of the image that the result is the gradient of: it lies in memory as that does."""

    def __init__(self, window: _Window, output_padding: Any, strides: tuple[int, ...] | None = None) -> None:
        self.window, self.output_padding, self.strides = window, output_padding, strides

    def forward(self, y: Array, w: Array, b: Array | None) -> Array:
        self.retain_inputs(0, 1)
        o = self.window
        self.maps, self.kernel = y.shape[-2:], w.shape[-2:]
        options = o.stride, o.padding, self.output_padding, o.groups, o.dilation
        return kernels(y).conv_transpose2d(y, w, b, *options, self.strides)

    def backward(self, g: Tensor) -> Any:
        first = second = third = None
        if self.needs[1]:
            second = WeightGrad(self.window, self.kernel)(g, self.input(0))
        if self.needs[2]:
            third = _bias_gradient(g)
        if self.needs[0]:
            first = Conv2d(self.window, self.maps)(g, self.input(1), None)
        return first, second, third


class WeightGrad(Function):
    """Linear in the image and in the maps; the weight it makes is the kernel that leads from one to the other."""

    def __init__(self, window: _Window, kernel: Any) -> None:
        self.window, self.kernel = window, kernel

    def forward(self, x: Array, y: Array) -> Array:
        self.retain_inputs(0, 1)
        o = self.window
        self.image, self.maps, self.strides = x.shape[-2:], y.shape[-2:], x.strides
        return kernels(x).conv2d_weight_grad(x, y, self.kernel, o.stride, o.padding, o.dilation, o.groups)

    def backward(self, g: Tensor) -> Any:
        first = second = None
        if self.needs[0]:
            window = self.window.explicit(g.shape[-2:])
            added = window.missing(self.image, self.maps, g.shape[-2:])
            first = ConvTranspose2d(window, added, self.strides)(self.input(1), g, None)
        if self.needs[1]:
            second = Conv2d(self.window, self.maps)(self.input(0), g, None)
        return first, second


def _bias_gradient(g: Tensor) -> Tensor:
    return sum(g, (0, 2, 3) if g.ndim == 4 else (1, 2))


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """2-D convolution (cross-correlation), as torch.nn.functional.conv2d.

    y[n, o, i, j] = bias[o] + Σ_{c, u, v} x[n, c, i·stride + u·dilation - padding, …] · weight[o, c, u, v], zeros
    outside x. Shapes: input (N, C, H, W) or (C, H, W), weight (out, C/groups, kH, kW), bias (out,) → (N, out, H', W')
    with H' = ⌊(H + 2·padding - dilation·(kH - 1) - 1) / stride⌋ + 1. stride, padding and dilation are one integer or
    two; padding may also be "valid", "same" (stride 1) or ((top, bottom), (left, right)). The result is
    channels-last in memory where it has 16 channels or more, else it lies as the input does. ValueError for values and
    shapes that do not fit, TypeError for wrong types. Sources: Chetlur et al., cuDNN, 2014 (implicit matrix product);
    Lavin and Gray, 2015 (float32 and many channels: pydl.backends lists the shapes).
    """
    check_operands("conv2d", input=input, weight=weight, bias=bias)
    return Conv2d(_Window(stride, padding, dilation, groups))(input, weight, bias)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed 2-D convolution, the gradient of conv2d in its input, as torch.nn.functional.conv_transpose2d.

    Shapes: input (N, C, H, W) or (C, H, W), weight (C, out/groups, kH, kW), bias (out,) → (N, out, H', W') with
    H' = (H - 1)·stride - 2·padding + dilation·(kH - 1) + 1 + output_padding; output_padding must be smaller than
    stride or dilation. ValueError for values and shapes that do not fit, TypeError for wrong types.
    Source: Dumoulin and Visin, A guide to convolution arithmetic, 2016, section 4.
    """
    check_operands("conv_transpose2d", input=input, weight=weight, bias=bias)
    return ConvTranspose2d(_Window(stride, padding, dilation, groups), output_padding)(input, weight, bias)


def conv2d_weight_grad(
    input: Tensor,
    grad: Tensor,
    kernel_size: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Gradient of conv2d in its weight: w[o, c, u, v] = Σ_{n, i, j} grad[n, o, i, j] · x[n, c, i·stride + …].

    Shapes: input (N, C, H, W), grad (N, out, H', W') → (out, C/groups, kH, kW).
    """
    check_operands("conv2d_weight_grad", input=input, grad=grad)
    return WeightGrad(_Window(stride, padding, dilation, groups), kernel_size)(input, grad)


def _single(argument: str, value: Any, least: int) -> int:
    """The integer of an argument along one axis: n or (n,)."""
    expected = f"[conv1d] expected {argument} to be one integer >= {least}, got {value!r}"
    n = value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
    if isinstance(n, (tuple, list)):
        raise ValueError(expected)
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(expected)
    if operator.index(n) < least:
        raise ValueError(expected)
    return operator.index(n)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """1-D convolution (cross-correlation), as torch.nn.functional.conv1d: conv2d of height 1.

    Shapes: input (N, C, L) or (C, L), weight (out, C/groups, k), bias (out,) → (N, out, L').
    """
    check_operands("conv1d", input=input, weight=weight, bias=bias)
    if input.ndim not in (2, 3) or weight.ndim != 3:
        raise ValueError(
            "[conv1d] expected input of shape (N, C, L) or (C, L) and weight of shape (out, C/groups, k), got "
            f"{input.shape} and {weight.shape}"
        )
    if not isinstance(padding, str):
        padding = 0, _single("padding", padding, 0)
    steps, spread = (1, _single("stride", stride, 1)), (1, _single("dilation", dilation, 1))
    y = conv2d(unsqueeze(input, -2), unsqueeze(weight, -2), bias, steps, padding, spread, groups)
    return owned(squeeze(y, -2))
