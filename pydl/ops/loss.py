"""Losses: value and gradient are a kernel each, or made of other operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import int64
from ..autograd import Function, FusedGradient, is_grad_enabled
from ..backend import Array, array_module, kernels
from ..tensor import Tensor
from .activation import logsigmoid
from .checks import as_integer, as_number, as_tensor, broadcast
from .elementwise import mul, sub
from .reduce import mean, sum
from .select import gather, where
from .shape import broadcast_to, expand, reshape, unsqueeze
from .softmax import log_softmax, softmax
from .unary import abs, clamp, log, sigmoid, square


def _reduced(function: str, values: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return values
    if reduction == "mean":
        return mean(values)
    if reduction == "sum":
        return sum(values)
    raise ValueError(f'[{function}] expected reduction "none", "mean" or "sum", got {reduction!r}')


def _check_tensors(function: str, **tensors: Any) -> None:
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"[{function}] expected {name} to be a tensor, got {type(tensor).__name__}")


class _ElementLoss(Function):
    """A loss of (input, target) element by element, then reduced; weights are constants."""

    kernel = ""

    def __init__(self, reduction: str, weight: Array | None = None, pos_weight: Array | None = None) -> None:
        self.reduction, self.weight, self.pos_weight = reduction, weight, pos_weight

    def forward(self, x: Array, t: Array) -> Array:
        self.retain_inputs(0, 1)
        self.scale = 1.0 / x.size if self.reduction == "mean" and x.size else 1.0
        return getattr(kernels(x), self.kernel)(x, t, self.weight, self.pos_weight, self.reduction)

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
        return gradient(x, t, loss.weight, loss.pos_weight, g, loss.scale)

    def formula(self, x: Tensor, t: Tensor, g: Tensor) -> Tensor:
        return self.loss.factor(x, g) * self.loss.by_input(x, t)


class MSELoss(_ElementLoss):
    kernel = "mse_loss"

    def by_input(self, x: Tensor, t: Tensor) -> Tensor:
        return (x - t) * 2.0

    def by_target(self, x: Tensor, t: Tensor) -> Tensor:
        return (t - x) * 2.0


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


class CrossEntropy(Function):
    """From logits (N, C, …) or (C,) and class indices; the loss of a position is Σ q (logΣexp x - x)."""

    def __init__(
        self, target: Array, weight: Array | None, ignore_index: int, reduction: str, smoothing: float
    ) -> None:
        self.options = target, weight, ignore_index
        self.reduction, self.smoothing = reduction, smoothing

    def forward(self, x: Array) -> Array:
        self.retain_inputs(0)
        y, total = kernels(x).cross_entropy(x, *self.options, self.reduction, self.smoothing)
        self.scale = 1.0 if self.reduction != "mean" else 1.0 / total if total else float("nan")
        return y

    def backward(self, g: Tensor) -> Tensor:
        return CrossEntropyGrad(self)(self.input(0), g)

    def targets(self, x: Tensor, dim: int) -> Tensor:
        """q: what each class is asked for, weighted and smoothed; 0 where the target is ignored."""
        target, weight, ignore_index = self.options
        classes = x.shape[dim]
        xp = array_module(target)
        column = [1] * x.ndim
        column[dim] = classes
        names = xp.arange(classes).reshape(column)
        kept = xp.expand_dims(target, dim)
        q = (names == kept) * (1 - self.smoothing) + self.smoothing / classes
        if weight is not None:
            q = q * weight.reshape(column)
        return Tensor._wrap(xp.asarray(q * (kept != ignore_index), dtype=x.dtype))


class CrossEntropyGrad(FusedGradient):
    """The gradient of `loss` by the logits, from (x, g): (softmax(x) Σ q - q) · g."""

    def __init__(self, loss: CrossEntropy) -> None:
        self.loss = loss

    def forward(self, x: Array, g: Array) -> Array:
        self.retain_inputs(0, 1)
        loss = self.loss
        return kernels(x).cross_entropy_grad(x, *loss.options, loss.smoothing, g, loss.scale)

    def formula(self, x: Tensor, g: Tensor) -> Tensor:
        dim = 0 if x.ndim == 1 else 1
        q = self.loss.targets(x, dim)
        spread = unsqueeze(g, dim) if self.loss.reduction == "none" else g
        return spread * self.loss.scale * (softmax(x, dim) * sum(q, dim, keepdim=True) - q)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)², reduced over all elements."""
    _check_tensors("mse_loss", input=input, target=target)
    if input.shape != target.shape:
        shape = np.broadcast_shapes(input.shape, target.shape)
        input, target = broadcast_to(input, shape), broadcast_to(target, shape)
    return MSELoss(reduction)(input, target)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input - target|, reduced over all elements."""
    _check_tensors("l1_loss", input=input, target=target)
    return _reduced("l1_loss", abs(sub(input, target)), reduction)


def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """d²/2 where d = |input - target| < delta, delta · (d - delta/2) beyond (Huber 1964)."""
    _check_tensors("huber_loss", input=input, target=target)
    if delta <= 0:
        raise ValueError(f"[huber_loss] expected delta > 0, got {delta}")
    d = abs(sub(input, target))
    values = where(d < delta, square(d) * 0.5, (d - 0.5 * delta) * float(delta))
    return _reduced("huber_loss", values, reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """huber_loss / beta; beta 0 is l1_loss (Girshick 2015, eq. 3)."""
    if beta < 0:
        raise ValueError(f"[smooth_l1_loss] expected beta >= 0, got {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction)
    return huber_loss(input, target, reduction, beta) / float(beta)


def _constant(function: str, name: str, weight: Any, input: Tensor) -> Array | None:
    """A weight of the elements of input; a copy where it will be needed again."""
    if weight is None:
        return None
    as_tensor(function, weight, name)
    if weight.dtype != input.dtype:
        raise TypeError(f"[{function}] expected {name} of dtype {input.dtype}, got {weight.dtype}")
    if broadcast(function, weight, input) != input.shape:
        raise ValueError(f"[{function}] expected {name} that broadcasts to {input.shape}, got {weight.shape}")
    return broadcast_to(_unshared(weight, input), input.shape)._data


def _unshared(weight: Tensor, *inputs: Tensor) -> Tensor:
    """The weight outside the graph, in memory of its own where a gradient is recorded."""
    recorded = is_grad_enabled() and any(x.requires_grad for x in inputs)
    return weight.detach().clone() if recorded else weight.detach()


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """-w (t log p + (1 - t) log(1 - p)) of probabilities p in [0, 1]; each logarithm is at least -100."""
    _check_tensors("binary_cross_entropy", input=input, target=target)
    outside = (input._data < 0) | (input._data > 1)
    if outside.any():
        bad = input._data[outside].ravel()[0]
        raise ValueError(f"[binary_cross_entropy] expected input in 0 … 1, got {bad}")
    return BCELoss(reduction, _constant("binary_cross_entropy", "weight", weight, input))(input, target)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy of sigmoid(input), without overflow; pos_weight multiplies the positive term."""
    _check_tensors("binary_cross_entropy_with_logits", input=input, target=target)
    name = "binary_cross_entropy_with_logits"
    factors = [_constant(name, k, v, input) for k, v in (("weight", weight), ("pos_weight", pos_weight))]
    return BCEWithLogitsLoss(reduction, *factors)(input, target)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-Σ q log softmax(input) of logits (N, C, …) or (C,), reduced over positions.

    target: class indices (int64) of shape (N, …), or probabilities q of input's shape. With indices, the mean is over
    the weights of the targets that are not `ignore_index`; NaN where there is none.
    """
    _check_tensors("cross_entropy", input=input, target=target)
    if target.dtype.kind == "f" and target.shape == input.shape and input.ndim > 0:
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    factors = None if weight is None else _unshared(as_tensor("cross_entropy", weight, "weight"), input)._data
    labels = target._data.astype(int64) if target.dtype.kind in "iu" else target._data
    return CrossEntropy(labels, factors, ignore_index, reduction, label_smoothing)(input)


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    dim = 0 if input.ndim == 1 else 1
    classes = input.shape[dim]
    q = target * (1.0 - smoothing) + smoothing / classes if smoothing else target
    if weight is not None:
        q = q * reshape(weight, [classes if i == dim else 1 for i in range(input.ndim)])
    values = -sum(q * log_softmax(input, dim), dim)
    if reduction == "mean":
        return sum(values) / float(values.numel()) if values.numel() else sum(values) * float("nan")
    return _reduced("cross_entropy", values, reduction)


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """-w · input[target] of log-probabilities (N, C, …) or (C,) and class indices; the mean as in cross_entropy."""
    _check_tensors("nll_loss", input=input, target=target)
    dim = 0 if input.ndim == 1 else 1
    if target.dtype.kind not in "iu":
        raise TypeError(f"[nll_loss] expected target of class indices (int64), got {target.dtype}")
    kept = target._data != ignore_index
    classes = input.shape[dim]
    bad = kept & ((target._data < 0) | (target._data >= classes))
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise IndexError(
            f"[nll_loss] expected target in 0 … {classes - 1} ({classes} classes) or ignore_index {ignore_index}, "
            f"got {int(target._data[at])} at position {at}"
        )
    safe = Tensor._wrap(np.where(kept, target._data, 0).astype(int64))
    factors = kept.astype(input.dtype) if weight is None else weight.detach()._data[safe._data] * kept
    scale = Tensor._wrap(np.asarray(factors, dtype=input.dtype))
    picked = reshape(gather(input, dim, unsqueeze(safe, dim)), target.shape)
    values = where(Tensor._wrap(np.asarray(kept)), -picked * scale, 0.0)
    if reduction == "mean":
        return sum(values) / sum(scale)
    return _reduced("nll_loss", values, reduction)
