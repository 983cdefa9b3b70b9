"""Normalisation of each sample by itself: layer, group and instance normalisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..autograd import Function, FusedGradient
from ..backend import Array, kernels
from ..tensor import Tensor
from .checks import as_integer
from .inplace import check_writable
from .norm import batch_norm, check_affine, check_norm, move_statistics
from .reduce import mean, sum
from .shape import reshape


def _standardised(x: Tensor, g: Tensor, shape: tuple[int, ...], eps: float) -> tuple[Tensor, Tensor]:
    """x normalised along the last dimension of `shape`, and the gradient of x where that of the result is g."""
    flat, by = reshape(x, shape), reshape(g, shape)
    centred = flat - mean(flat, -1, keepdim=True)
    rate = (mean(centred * centred, -1, keepdim=True) + eps) ** -0.5
    normal = centred * rate
    by_x = (by - mean(by, -1, keepdim=True) - normal * mean(by * normal, -1, keepdim=True)) * rate
    return reshape(normal, x.shape), reshape(by_x, x.shape)


class GroupNormGrad(FusedGradient):
    """Gradients of the input, the weight and the bias, from (x, weight, g)."""

    def __init__(self, groups: int, eps: float, mean: Array, var: Array) -> None:
        self.groups, self.eps, self.mean, self.var = groups, eps, mean, var

    def forward(self, x: Array, weight: Array | None, g: Array) -> Any:
        self.retain_inputs(0, 1, 2)
        return kernels(x).group_norm_grad(x, g, self.groups, self.mean, self.var, weight, self.eps)

    def formula(self, x: Tensor, weight: Tensor | None, g: Tensor) -> tuple[Tensor, ...]:
        by = g if weight is None else g * reshape(weight, (-1, *(1,) * (x.ndim - 2)))
        normal, by_x = _standardised(x, by, (x.shape[0], self.groups, -1), self.eps)
        dims = (0, *range(2, x.ndim))
        return by_x, sum(g * normal, dims), sum(g, dims)


class GroupNorm(Function):
    """(x - m) / √(v + eps) · weight + bias, with mean and variance of each sample's groups of channels."""

    mean: Array
    var: Array

    def __init__(self, groups: int, eps: float) -> None:
        self.groups, self.eps = groups, eps

    def forward(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        self.retain_inputs(0, 1)
        y, self.mean, self.var = kernels(x).group_norm(x, self.groups, weight, bias, self.eps)
        return y

    def backward(self, g: Tensor) -> Any:
        grads = GroupNormGrad(self.groups, self.eps, self.mean, self.var)(self.input(0), self.input(1), g)
        return tuple([d if need else None for d, need in zip(grads, self.needs, strict=True)])


class LayerNormGrad(FusedGradient):
    """Gradients of the input and, with `affine`, of the weight and the bias, from (x, weight, g)."""

    def __init__(self, shape: tuple[int, ...], eps: float, mean: Array, var: Array, affine: bool) -> None:
        self.shape, self.eps, self.mean, self.var, self.affine = shape, eps, mean, var, affine

    def forward(self, x: Array, weight: Array | None, g: Array) -> Any:
        self.retain_inputs(0, 1, 2)
        grads = kernels(x).layer_norm_grad(
            x, g, math.prod(self.shape), self.mean, self.var, weight, self.eps, self.affine
        )
        return (grads[0], *(d.reshape(self.shape) for d in grads[1:])) if self.affine else grads[0]

    def formula(self, x: Tensor, weight: Tensor | None, g: Tensor) -> Any:
        by = g if weight is None else g * weight
        normal, by_x = _standardised(x, by, (self.mean.size, -1), self.eps)
        dims = tuple(range(x.ndim - len(self.shape)))
        if not self.affine:
            return by_x
        return (by_x, sum(g * normal, dims), sum(g, dims)) if dims else (by_x, g * normal, g)


class LayerNorm(Function):
    """(x - m) / √(v + eps) · weight + bias, with mean and variance over the last dimensions."""

    def __init__(self, shape: tuple[int, ...], eps: float) -> None:
        self.shape, self.eps = shape, eps

    def forward(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        self.retain_inputs(0, 1)
        y, self.mean, self.var = kernels(x).layer_norm(x, math.prod(self.shape), weight, bias, self.eps)
        return y

    def backward(self, g: Tensor) -> Any:
        affine = self.needs[1] or self.needs[2]
        found = LayerNormGrad(self.shape, self.eps, self.mean, self.var, affine)(self.input(0), self.input(1), g)
        grads = found if affine else (found, None, None)
        return tuple([d if need else None for d, need in zip(grads, self.needs, strict=True)])


def _single(input: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    """Of no numbers, or of one in each group, which is its own mean."""
    output = input - input
    if weight is not None:
        output = output * reshape(weight, shape)
    return output if bias is None else output + reshape(bias, shape)


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """(x - mean) / √(var + eps) · weight + bias over the last dimensions (Ba, Kiros and Hinton 2016).

    `normalized_shape` is their shape, and that of weight and bias. The variance is the biased one.
    """
    check_norm("layer_norm", input, 1, eps)
    sizes = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    shape = tuple(as_integer("layer_norm", "normalized_shape", n) for n in sizes)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(f"[layer_norm] expected input of shape (…, {', '.join(map(str, shape))}), got {input.shape}")
    check_affine("layer_norm", shape, weight=weight, bias=bias)
    if math.prod(shape) <= 1 or input.numel() == 0:
        return _single(input, weight, bias, shape)
    return LayerNorm(shape, float(eps))(input, weight, bias)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each group of channels of each sample by its own mean and biased variance; input (N, C, …) (Wu and He 2018)."""
    check_norm("group_norm", input, 2, eps)
    channels, num_groups = input.shape[1], as_integer("group_norm", "num_groups", num_groups)
    if num_groups < 1 or channels % num_groups:
        raise ValueError(f"[group_norm] expected num_groups that divide {channels} channels, got {num_groups}")
    check_affine("group_norm", (channels,), weight=weight, bias=bias)
    if input.numel() == num_groups:
        raise ValueError(f"[group_norm] expected more than one value a group, got input of shape {input.shape}")
    if input.numel() <= input.shape[0] * num_groups:
        return _single(input, weight, bias, (channels, *(1,) * (input.ndim - 2)))
    return GroupNorm(num_groups, float(eps))(input, weight, bias)


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
    weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of each sample by its own mean and biased variance; input (N, C, …) (Ulyanov et al. 2016).

    Running statistics, where given, move towards the mean of the samples'; without `use_input_stats` they are used.
    """
    check_norm("instance_norm", input, 3, eps, momentum)
    n, channels = input.shape[:2]
    check_affine("instance_norm", (channels,), running_mean=running_mean, running_var=running_var)
    check_affine("instance_norm", (channels,), weight=weight, bias=bias)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ValueError("[instance_norm] expected running_mean and running_var without use_input_stats, got None")
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if input.numel() == 0:
        return _single(input, weight, bias, (channels, *(1,) * (input.ndim - 2)))
    count = input.numel() // (n * channels)
    if count == 1:
        raise ValueError(f"[instance_norm] expected more than one value a channel, got input of shape {input.shape}")
    for running in (running_mean, running_var):
        if running is not None:
            check_writable("instance_norm", running)
    node = GroupNorm(channels, float(eps))
    output = node(input, weight, bias)
    for running, values, factor in ((running_mean, node.mean, 1.0), (running_var, node.var, count / (count - 1))):
        if running is not None:
            move_statistics(running, kernels(values).mean(values, (0,), False), momentum, factor)
    return output
