"""The layers of StyleGAN and of the progressive GAN under it (Karras et al. 2018, arXiv:1710.10196)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .... import ops, random
from ....creation import tensor, zeros
from ....gan import Noise
from ....nn import Module, Parameter
from ....nn import functional as F
from ....tensor import Tensor
from ..convolutional import SLOPE


def pixel_norm(input: Tensor, eps: float = 1e-8) -> Tensor:
    """x / √(mean of x² over dimension 1 + eps) (Karras et al. 2018, arXiv:1710.10196, section 4.2)."""
    return input * ops.rsqrt(input.square().mean(1, keepdim=True) + eps)


class EqualLinear(Module):
    """Linear with equalised learning rate: weights start as N(0, 1) / lr_scale and are scaled at run time.

    y = x Wᵀ · gain · lr_scale / √fan_in + b · lr_scale: Adam, whose steps do not know the scale of a weight, then
    moves all layers alike, and those with a smaller `lr_scale` by as much less (arXiv:1710.10196, section 4.1).
    """

    def __init__(self, inputs: int, outputs: int, gain: float = math.sqrt(2), lr_scale: float = 1.0) -> None:
        super().__init__()
        self.weight, self.bias = Parameter(random.randn(outputs, inputs) / lr_scale), Parameter(zeros(outputs))
        self.scale, self.lr_scale = gain * lr_scale / math.sqrt(inputs), lr_scale

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight * self.scale, self.bias * self.lr_scale)


class EqualConv2d(Module):
    """Convolution of the same size with equalised learning rate; no bias unless asked for."""

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: float = math.sqrt(2), bias: bool = False) -> None:
        super().__init__()
        self.weight = Parameter(random.randn(outputs, inputs, kernel, kernel))
        self.register_parameter("bias", Parameter(zeros(outputs)) if bias else None)
        self.scale, self.padding = gain / math.sqrt(inputs * kernel * kernel), kernel // 2

    def forward(self, input: Tensor) -> Tensor:
        return F.conv2d(input, self.weight * self.scale, self.bias, 1, self.padding)


def blur(input: Tensor) -> Tensor:
    """Every map filtered by [1, 2, 1] / 4 along both sides; outside of the image is 0."""
    count, maps, height, width = input.shape
    line = tensor([1.0, 2.0, 1.0], dtype=input.dtype, device=input.device) / 4
    filter = line.reshape(1, 1, 3, 1) * line.reshape(1, 1, 1, 3)
    return F.conv2d(input.reshape(count * maps, 1, height, width), filter, padding=1).reshape(*input.shape)


class AdaIN(Module):
    """Instance norm, then x · (y_s + 1) + y_b with (y_s, y_b) = A(w), a linear map of the style w (eq. 1)."""

    def __init__(self, style: int, maps: int) -> None:
        super().__init__()
        self.affine = EqualLinear(style, maps * 2, gain=1.0)

    def forward(self, input: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.affine(style).reshape(-1, 2, input.shape[1], 1, 1).unbind(1)
        return F.instance_norm(input, eps=1e-8) * (scale + 1.0) + shift


class Epilogue(Module):
    """What follows a convolution: noise times a learnt scale for each map (at first 0), bias, LeakyReLU, AdaIN."""

    def __init__(self, style: int, maps: int) -> None:
        super().__init__()
        self.noise_scale, self.bias = Parameter(zeros(1, maps, 1, 1)), Parameter(zeros(1, maps, 1, 1))
        self.adain = AdaIN(style, maps)

    def forward(self, input: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        return self.adain(F.leaky_relu(input + noise * self.noise_scale + self.bias, SLOPE), style)


def minibatch_deviation(input: Tensor, group: int = 4) -> Tensor:
    """(N, C, H, W) → (N, C + 1, H, W): a map that says how much the samples of a group differ.

    The standard deviation over the group of each number, averaged over C, H and W (arXiv:1710.10196, section 3). The
    groups are as large as `group` and N allow; sample i is in the group i mod (N / group).
    """
    count, maps, height, width = input.shape
    group = math.gcd(group, count)
    rows = input.reshape(group, count // group, maps, height, width)
    spread = ops.sqrt((rows - rows.mean(0, keepdim=True)).square().mean(0) + 1e-8)
    one = spread.mean((1, 2, 3)).reshape(1, -1, 1, 1, 1)
    return ops.cat([input, one.expand(group, count // group, 1, height, width).reshape(count, 1, height, width)], 1)


@dataclass(frozen=True)
class StyleNoise(Noise):
    """All that chance decides of a sample: z, a second z, two uniform numbers for the mixing, `pixels` of noise."""

    pixels: int = 0

    @property
    def width(self) -> int:
        return self.size * 2 + 2 + self.pixels

    def __call__(self, count: int, generator: random.Generator) -> Tensor:
        styles = super().__call__(count, generator), super().__call__(count, generator)
        mixing = random.rand(count, 2, generator=generator)
        return ops.cat([*styles, mixing, random.randn(count, self.pixels, generator=generator)], 1)
