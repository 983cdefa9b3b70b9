"""softmax, log-softmax and log-sum-exp along one dimension."""

from __future__ import annotations

from typing import Any

from ..autograd import Function
from ..backend import Array, kernels
from ..tensor import Tensor
from .checks import as_tensor
from .dims import check_dim, check_dims, with_axis
from .reduce import sum
from .shape import owned, reshape


class SoftmaxGrad(Function):
    """y · (g - Σ g·y), from the softmax y and the gradient g."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, y: Array, g: Array) -> Array:
        self.retain_inputs(0, 1)
        return kernels(y).softmax_grad(y, g, self.dim)

    def backward(self, gg: Tensor) -> Any:
        y, g = self.input(0), self.input(1)
        by_y = None
        if self.needs[0]:
            total = sum(g * y, self.dim, keepdim=True)
            by_y = gg * (g - total) - g * sum(gg * y, self.dim, keepdim=True)
        return by_y, SoftmaxGrad(self.dim)(y, gg) if self.needs[1] else None


class Softmax(Function):
    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Array) -> Array:
        self.retain_outputs(0)
        return kernels(x).softmax(x, self.dim)

    def backward(self, g: Tensor) -> Tensor:
        return SoftmaxGrad(self.dim)(self.output(), g)


class LogSoftmaxGrad(Function):
    """g - exp(y) · Σ g, from the log-softmax y and the gradient g."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, y: Array, g: Array) -> Array:
        self.retain_inputs(0, 1)
        return kernels(y).log_softmax_grad(y, g, self.dim)

    def backward(self, gg: Tensor) -> Any:
        p = self.input(0).exp()
        by_y = None
        if self.needs[0]:
            by_y = -(gg * p * sum(self.input(1), self.dim, keepdim=True))
        by_g = gg - sum(gg * p, self.dim, keepdim=True) if self.needs[1] else None
        return by_y, by_g


class LogSoftmax(Function):
    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Array) -> Array:
        self.retain_outputs(0)
        return kernels(x).log_softmax(x, self.dim)

    def backward(self, g: Tensor) -> Tensor:
        return LogSoftmaxGrad(self.dim)(self.output(), g)


class LogSumExp(Function):
    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: Array) -> Array:
        self.retain_inputs(0)
        return kernels(x).logsumexp(x, self.dim, True)

    def backward(self, g: Tensor) -> Tensor:
        return g * softmax(self.input(0), self.dim)


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """eˣ / Σ eˣ along `dim`, of the input as `dtype`.

    A row with NaN, with +∞ or of -∞ alone is NaN; -∞ beside finite numbers gives 0.
    """
    as_tensor("softmax", input)
    return Softmax(check_dim("softmax", dim, input.ndim))(input if dtype is None else input.to(dtype))


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """log(softmax(input, dim, dtype=dtype)) without overflow: x - max - log Σ exp(x - max)."""
    as_tensor("log_softmax", input)
    return LogSoftmax(check_dim("log_softmax", dim, input.ndim))(input if dtype is None else input.to(dtype))


@with_axis
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log Σ eˣ over dimension(s) `dim`, without overflow."""
    dims = check_dims("logsumexp", dim, as_tensor("logsumexp", input).ndim)
    result = input
    for d in dims:
        result = LogSumExp(d)(result)
    if keepdim or not dims:
        return result if dims else result * 1.0
    return owned(reshape(result, tuple(n for i, n in enumerate(input.shape) if i not in dims)))
