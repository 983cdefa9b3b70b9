"""Losses of elements: value and gradient are a kernel each, or made of other operations."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import recording
from ..arrays import float32
from ..autograd import Function, FusedGradient, is_grad_enabled
from ..backend import Array, kernels
from ..tensor import Tensor
from .activation import logsigmoid
from .cast import cast
from .checks import as_number, as_tensor, broadcast
from .elementwise import mul, sub
from .promotion import promote
from .reduce import mean, sum
from .shape import broadcast_to, expand
from .unary import AbsGrad, Limit, clamp, log, sigmoid, square


def _reduced(function: str, values: Tensor, reduction: str, weight: Tensor | None = None) -> Tensor:
    """The losses of the elements, weighted; the mean is then over the weights."""
    check_reduction(function, reduction)
    if weight is not None:
        values = values * weight
    if reduction == "none":
        return values
    if reduction == "mean":
        return mean(values) if weight is None else sum(values) / sum(weight)
    return sum(values)


def check_reduction(function: str, reduction: Any) -> None:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f'[{function}] expected reduction "none", "mean" or "sum", got {reduction!r}')


def check_replaced(function: str, size_average: Any, reduce: Any) -> None:
    """The two arguments that `reduction` replaced."""
    for name, value in (("size_average", size_average), ("reduce", reduce)):
        if value is not None:
            raise ValueError(f"[{function}] expected reduction=… in place of {name}, got {name} {value!r}")


def check_tensors(function: str, **tensors: Any) -> None:
    for name, tensor in tensors.items():
        as_tensor(function, tensor, name)


def unshared(weight: Tensor, *inputs: Tensor) -> Tensor:
    """The weight outside the graph, in memory of its own where a gradient is recorded."""
    recorded = is_grad_enabled() and any(x.requires_grad for x in inputs)
    return weight.detach().clone() if recorded else weight.detach()


class _ElementLoss(Function):
    """A loss of (input, target) element by element, then reduced; weights are constants."""

    kernel = ""
    width = 1.0  # of huber_loss and smooth_l1_loss

    def __init__(self, reduction: str, weight: Array | None = None, pos_weight: Array | None = None) -> None:
        self.reduction, self.weight, self.pos_weight = reduction, weight, pos_weight

    def forward(self, x: Array, t: Array) -> Array:
        self.retain_inputs(0, 1)
        self.scale = 1.0 / x.size if self.reduction == "mean" and x.size else 1.0
        return getattr(kernels(x), self.kernel)(x, t, self.weight, self.pos_weight, self.reduction, self.width)

    def backward(self, g: Tensor) -> Any:
        x, t = self.input(0), self.input(1)
        first = ElementLossGrad(self)(x, t, g) if self.needs[0] else None
        return first, self.factor(x, g) * self.by_target(x, t) if self.needs[1] else None

    def factor(self, x: Tensor, g: Tensor) -> Tensor:
        """What each element's derivative is multiplied by."""
        spread = expand(g * self.scale, x.shape)
        return spread if self.weight is None else spread * Tensor._wrap(self.weight)

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        raise NotImplementedError

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        raise NotImplementedError


class ElementLossGrad(FusedGradient):
    """The gradient of `loss` by its input, from (x, t, g)."""

    def __init__(self, loss: _ElementLoss) -> None:
        self.loss = loss

    def forward(self, x: Array, t: Array, g: Array) -> Array:
        self.retain_inputs(0, 1, 2)
        loss = self.loss
        gradient = getattr(kernels(x), loss.kernel + "_grad")
        return gradient(x, t, loss.weight, loss.pos_weight, g, loss.scale, loss.width)

    def formula(self, x: Tensor, t: Tensor, g: Tensor) -> Tensor:
        return self.loss.factor(x, g) * self.loss.by_input(x, t)


class MSELoss(_ElementLoss):
    kernel = "mse_loss"

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        return (x - t) * 2.0

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        return (t - x) * 2.0


class L1Loss(_ElementLoss):
    kernel = "l1_loss"

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        return AbsGrad()(x - t, 1.0)

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        return AbsGrad()(t - x, 1.0)


class HuberLoss(_ElementLoss):
    kernel = "huber_loss"

    def __init__(self, reduction: str, width: float, weight: Array | None = None) -> None:
        super().__init__(reduction, weight)
        self.width = width

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        return Limit(-self.width, self.width)(x - t)

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        return Limit(-self.width, self.width)(t - x)


class SmoothL1Loss(HuberLoss):
    kernel = "smooth_l1_loss"

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        return super().by_input(x, t) / self.width

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        return super().by_target(x, t) / self.width


class BCELoss(_ElementLoss):
    """The logarithms are cut at -100; 1e-12 keeps the gradient finite at 0 and 1, as in PyTorch."""

    kernel = "binary_cross_entropy"

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        return (x - t) / clamp(x * (1.0 - x), min=1e-12)

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        return clamp(log(1.0 - x), min=-100.0) - clamp(log(x), min=-100.0)


class BCEWithLogitsLoss(_ElementLoss):
    kernel = "binary_cross_entropy_with_logits"

    def _positive(self) -> Any:
        return 1.0 if self.pos_weight is None else Tensor._wrap(self.pos_weight)

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        p = sigmoid(x)
        return (1.0 - t) * p - mul(t, self._positive()) * (1.0 - p)

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        return logsigmoid(-x) - mul(logsigmoid(x), self._positive())


def _pair(function: str, input: Any, target: Any, size_average: Any, reduce: Any, weight: Any = None) -> tuple:
    """Both operands in the shape they broadcast to; a warning where that is more than either: (N, 1) with (N,)."""
    check_tensors(function, input=input, target=target)
    check_replaced(function, size_average, reduce)
    shape = broadcast(function, input, target)
    if shape not in (input.shape, target.shape):
        warnings.warn(
            f"[{function}] expected input and target of the same shape, got {input.shape} and {target.shape}: every "
            f"element meets others than its own, in shape {shape}",
            stacklevel=3,
        )
    if weight is not None and as_tensor(function, weight, "weight").shape != shape:
        raise ValueError(f"[{function}] expected weight of shape {shape}, got {weight.shape}")
    return broadcast_to(input, shape), broadcast_to(target, shape)


def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(input - target)² of tensors that broadcast, reduced over all elements by `reduction` ("mean", "sum" or "none").

    With a weight for each, the mean is over the weights.
    """
    input, target = _pair("mse_loss", input, target, size_average, reduce, weight)
    if weight is None:
        return MSELoss(reduction)(input, target)
    return _reduced("mse_loss", square(sub(input, target)), reduction, weight)


def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """|input - target| of tensors that broadcast, reduced over all elements by `reduction`.

    With a weight for each, the mean is over the weights.
    """
    input, target = _pair("l1_loss", input, target, size_average, reduce, weight)
    check_reduction("l1_loss", reduction)
    return _l1("l1_loss", input, target, reduction, weight)


def _floats(function: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the dtype that holds them, float32 where that is none of floats."""
    input, target = promote(function, input, target)
    return (input, target) if input.dtype.kind == "f" else (cast(input, float32), cast(target, float32))


def _l1(function: str, input: Tensor, target: Tensor, reduction: str, weight: Tensor | None = None) -> Tensor:
    input, target = _floats(function, input, target)
    if weight is None:
        return L1Loss(reduction)(input, target)
    return _reduced(function, L1Loss("none")(input, target), reduction, weight)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d²/2 where d = |input - target| < delta, delta · (d - delta/2) beyond (Huber 1964), times weight where given."""
    input, target = _pair("huber_loss", input, target, None, None, weight)
    delta = as_number("huber_loss", "delta", delta)
    if delta <= 0:
        raise ValueError(f"[huber_loss] expected delta > 0, got {delta}")
    check_reduction("huber_loss", reduction)
    input, target = _floats("huber_loss", input, target)
    if weight is None or not weight.requires_grad:
        return HuberLoss(reduction, delta, _constant("huber_loss", "weight", weight, input))(input, target)
    return _reduced("huber_loss", HuberLoss("none", delta)(input, target) * weight, reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """huber_loss / beta; beta 0 is l1_loss (Girshick 2015, eq. 3)."""
    input, target = _pair("smooth_l1_loss", input, target, size_average, reduce)
    beta = as_number("smooth_l1_loss", "beta", beta)
    if beta < 0:
        raise ValueError(f"[smooth_l1_loss] expected beta >= 0, got {beta}")
    check_reduction("smooth_l1_loss", reduction)
    input, target = _floats("smooth_l1_loss", input, target)
    if beta < np.finfo(input.dtype).tiny:  # which counts as zero
        return _l1("smooth_l1_loss", input, target, reduction)
    return SmoothL1Loss(reduction, beta)(input, target)


def _constant(function: str, name: str, weight: Any, input: Tensor) -> Array | None:
    """A weight of the elements of input; a copy where it will be needed again."""
    if weight is None:
        return None
    as_tensor(function, weight, name)
    if weight.dtype != input.dtype:
        raise TypeError(f"[{function}] expected {name} of dtype {input.dtype}, got {weight.dtype}")
    if broadcast(function, weight, input) != input.shape:
        raise ValueError(f"[{function}] expected {name} that broadcasts to {input.shape}, got {weight.shape}")
    return broadcast_to(unshared(weight, input), input.shape)._data


def _check_probabilities(x: Array) -> None:
    outside = (x < 0) | (x > 1)
    if outside.any():
        raise ValueError(f"[binary_cross_entropy] expected input in 0 … 1, got {x[outside].ravel()[0]}")


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-w (t log p + (1 - t) log(1 - p)) of probabilities p and targets t of one shape; each logarithm is at least -100.

    The weight broadcasts to that shape. ValueError for p not in [0, 1].
    """
    check_tensors("binary_cross_entropy", input=input, target=target)
    check_replaced("binary_cross_entropy", size_average, reduce)
    recording.check(_check_probabilities, input._data)
    return BCELoss(reduction, _constant("binary_cross_entropy", "weight", weight, input))(input, target)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """binary_cross_entropy of sigmoid(input), without overflow; pos_weight multiplies the positive term."""
    name = "binary_cross_entropy_with_logits"
    check_tensors(name, input=input, target=target)
    check_replaced(name, size_average, reduce)
    factors = [_constant(name, k, v, input) for k, v in (("weight", weight), ("pos_weight", pos_weight))]
    return BCEWithLogitsLoss(reduction, *factors)(input, target)
