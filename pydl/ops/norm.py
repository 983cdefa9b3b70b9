"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from .. import recording
from ..autograd import Function, FusedGradient
from ..backend import Array, kernels
from ..tensor import Tensor
from .checks import as_number, as_tensor
from .inplace import check_writable
from .reduce import mean, sum
from .shape import reshape


class BatchNormGrad(FusedGradient):
    """Gradients of the input, the weight and the bias, from (x, weight, g)."""

    def __init__(self, eps: float, mean: Array, var: Array, training: bool) -> None:
        self.eps, self.mean, self.var, self.training = eps, mean, var, training

    def forward(self, x: Array, weight: Array | None, g: Array) -> Any:
        self.retain_inputs(0, 1, 2)
        return kernels(x).batch_norm_grad(x, g, self.mean, self.var, weight, self.eps, self.training)

    def formula(self, x: Tensor, weight: Tensor | None, g: Tensor) -> tuple[Tensor, ...]:
        dims = (0, *range(2, x.ndim))
        column = (1, -1, *[1] * (x.ndim - 2))
        if self.training:
            centred = x - mean(x, dims, keepdim=True)
            rate = (mean(centred * centred, dims, keepdim=True) + self.eps) ** -0.5
        else:
            centred = x - Tensor._wrap(self.mean.reshape(column))
            rate = (Tensor._wrap(self.var.reshape(column)) + self.eps) ** -0.5
        normal = centred * rate
        by_x = g
        if self.training:
            by_x = g - mean(g, dims, keepdim=True) - normal * mean(g * normal, dims, keepdim=True)
        by_x = by_x * rate
        if weight is not None:
            by_x = by_x * reshape(weight, column)
        return by_x, sum(g * normal, dims), sum(g, dims)


class BatchNorm(Function):
    """(x - m) / √(v + eps) · weight + bias, with the batch's statistics, or with given ones."""

    def __init__(self, eps: float, statistics: tuple[Array, Array] | None) -> None:
        self.eps, self.training = eps, statistics is None
        self.mean: Array
        self.var: Array
        if statistics is not None:
            self.mean, self.var = statistics

    def forward(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        self.retain_inputs(0, 1)
        if self.training:
            y, self.mean, self.var = kernels(x).batch_norm_train(x, weight, bias, self.eps)
            return y
        return kernels(x).batch_norm_eval(x, self.mean, self.var, weight, bias, self.eps)

    def backward(self, g: Tensor) -> Any:
        gradient = BatchNormGrad(self.eps, self.mean, self.var, self.training)
        grads = gradient(self.input(0), self.input(1), g)
        return tuple([d if need else None for d, need in zip(grads, self.needs, strict=True)])


def check_norm(function: str, input: Any, low: int, eps: Any, momentum: Any = 0.0) -> None:
    """An input of floats of at least `low` dimensions, and the numbers beside it."""
    if as_tensor(function, input).dtype.kind != "f":
        raise TypeError(f"[{function}] expected input of dtype float32 or float64, got {input.dtype}")
    if input.ndim < low:
        raise ValueError(f"[{function}] expected input of at least {low} dimensions, got shape {input.shape}")
    if not 0 <= as_number(function, "eps", eps) < float("inf"):
        raise ValueError(f"[{function}] expected eps >= 0, got {eps}")
    if abs(as_number(function, "momentum", momentum)) == float("inf"):
        raise ValueError(f"[{function}] expected a finite momentum, got {momentum}")


def check_affine(function: str, shape: tuple[int, ...], **given: Any) -> None:
    """Tensors, or None, of one shape."""
    for name, tensor in given.items():
        if tensor is not None and as_tensor(function, tensor, name).shape != shape:
            raise ValueError(f"[{function}] expected {name} of shape {shape}, got {tensor.shape}")


def move_statistics(running: Tensor, value: Array, momentum: float, factor: float = 1.0) -> None:
    if recording.running:
        recording.tell("watch", (running,))
    kernels(value).move_statistics(running._data, value, momentum, factor)
    running._shared_version().count += 1


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / √(var + eps) · weight + bias for every channel of (N, C, …) (Ioffe and Szegedy 2015, Algorithm 1).

    In training, mean and (biased) variance are the batch's, and the running ones, where given, move towards the batch's
    mean and unbiased variance by `momentum`; otherwise the running ones are used. One value per channel cannot be
    trained on: ValueError.
    """
    check_norm("batch_norm", input, 2, eps, momentum)
    channels = (input.shape[1],)
    check_affine("batch_norm", channels, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("[batch_norm] expected running_mean and running_var when not training, got None")
        # Copies: a later training step moves the running statistics, this result's gradient must not.
        recording.tell("watch", (running_mean, running_var))
        statistics = running_mean._data.copy(), running_var._data.copy()
        return BatchNorm(eps, statistics)(input, weight, bias)
    for running in (running_mean, running_var):
        if running is not None:
            check_writable("batch_norm", running)
    node = BatchNorm(eps, None)
    output = node(input, weight, bias)
    count = input.numel() // max(input.shape[1], 1)
    if running_mean is not None and count:
        move_statistics(running_mean, node.mean, momentum)
    if running_var is not None and count:
        move_statistics(running_var, node.var, momentum, count / (count - 1))
    return output
