"""Losses of classes: cross_entropy, with a kernel for value and gradient each, and nll_loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import recording
from ..arrays import int64
from ..autograd import Function, FusedGradient
from ..backend import Array, array_module, kernels
from ..tensor import Tensor
from .checks import as_integer, as_number, as_tensor
from .loss import check_reduction, check_replaced, check_tensors, unshared
from .reduce import mean, sum
from .select import gather, where
from .shape import reshape, unsqueeze
from .softmax import log_softmax, softmax


class CrossEntropy(Function):
    """From logits (N, C, …) or (C,) and class indices; the loss of a position is Σ q (logΣexp x - x)."""

    def __init__(
        self, target: Array, weight: Array | None, ignore_index: int, reduction: str, smoothing: float
    ) -> None:
        self.options = target, weight, ignore_index
        self.reduction, self.smoothing = reduction, smoothing

    def forward(self, x: Array) -> Array:
        self.retain_inputs(0)
        y, self.total = kernels(x).cross_entropy(x, *self.options, self.reduction, self.smoothing)
        return y

    @property
    def scale(self) -> float:
        """What the sum is multiplied by. No target, no gradient: that of such a mean, NaN, is 0 here."""
        recording.refuse("the gradient of cross_entropy is differentiated again")
        return 1.0 if self.reduction != "mean" else 1.0 / self.total if self.total else 0.0

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
        return kernels(x).cross_entropy_grad(
            x, *loss.options, loss.smoothing, g, None if loss.reduction == "mean" else 1.0
        )

    def formula(self, x: Tensor, g: Tensor) -> Tensor:
        dim = 0 if x.ndim == 1 else 1
        q = self.loss.targets(x, dim)
        spread = unsqueeze(g, dim) if self.loss.reduction == "none" else g
        return spread * self.loss.scale * (softmax(x, dim) * sum(q, dim, keepdim=True) - q)


def _class_weight(function: str, weight: Any, input: Tensor, classes: int) -> Tensor | None:
    """One weight a class, as it is now."""
    if weight is None:
        return None
    as_tensor(function, weight, "weight")
    if weight.shape != (classes,):
        raise ValueError(f"[{function}] expected weight of shape ({classes},), got {weight.shape}")
    if weight.dtype != input.dtype:
        raise TypeError(f"[{function}] expected weight of dtype {input.dtype}, got {weight.dtype}")
    return unshared(weight, input)


def _classes(function: str, input: Tensor) -> tuple[int, int]:
    """The dimension of the classes, and how many there are."""
    if input.ndim == 0 or input.dtype.kind != "f":
        raise (ValueError if input.dtype.kind == "f" else TypeError)(
            f"[{function}] expected input of floats of shape (N, C, …) or (C,), got {input.dtype} of {input.shape}"
        )
    dim = 0 if input.ndim == 1 else 1
    return dim, input.shape[dim]


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """-Σ q log softmax(input) of logits (N, C, …) or (C,), reduced over positions.

    target: class indices (int64) of shape (N, …), or probabilities q of input's shape. With indices, the mean is over
    the weights of the targets that are not `ignore_index`; NaN where there is none.
    """
    function = "cross_entropy"
    check_tensors(function, input=input, target=target)
    check_replaced(function, size_average, reduce)
    check_reduction(function, reduction)
    smoothing = as_number(function, "label_smoothing", label_smoothing)
    if not 0 <= smoothing <= 1:
        raise ValueError(f"[{function}] expected label_smoothing in 0 … 1, got {smoothing}")
    ignored = as_integer(function, "ignore_index", ignore_index)
    classes = _classes(function, input)[1]
    factors = _class_weight(function, weight, input, classes)
    if target.dtype.kind == "f" and target.shape == input.shape:
        if target.dtype != input.dtype:
            raise TypeError(f"[{function}] expected target of dtype {input.dtype}, got {target.dtype}")
        return _soft_cross_entropy(input, target, factors, reduction, smoothing)
    if recording.running:
        recording.tell("watch", (target,))
    labels = target._data.astype(int64) if target.dtype.kind in "iu" else target._data
    return CrossEntropy(labels, None if factors is None else factors._data, ignored, reduction, smoothing)(input)


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    dim, classes = _classes("cross_entropy", input)
    q = target * (1.0 - smoothing) + smoothing / classes if smoothing else target
    if weight is not None:
        q = q * reshape(weight, [classes if i == dim else 1 for i in range(input.ndim)])
    values = -sum(q * log_softmax(input, dim), dim)
    if reduction == "none":
        return values
    return mean(values) if reduction == "mean" else sum(values)


def _check_labels(input: Tensor, target: Tensor, kept: Array) -> None:
    dim, classes = _classes("nll_loss", input)
    shape = (*input.shape[:dim], *input.shape[dim + 1 :])
    if target.shape != shape:
        raise ValueError(f"[nll_loss] expected target of shape {shape} for input {input.shape}, got {target.shape}")
    recording.check(_check_classes, target._data, kept, classes)


def _check_classes(target: Array, kept: Array, classes: int) -> None:
    bad = kept & ((target < 0) | (target >= classes))
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise IndexError(
            f"[nll_loss] expected target in 0 … {classes - 1} ({classes} classes) or ignore_index, "
            f"got {int(target[at])} at position {at}"
        )


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-w · input[target] of log-probabilities (N, C, …) or (C,) and class indices; the mean as in cross_entropy."""
    check_tensors("nll_loss", input=input, target=target)
    check_replaced("nll_loss", size_average, reduce)
    check_reduction("nll_loss", reduction)
    dim, classes = _classes("nll_loss", input)
    if target.dtype.kind not in "iu":
        raise TypeError(f"[nll_loss] expected target of class indices (int64), got {target.dtype}")
    xp = array_module(target._data)
    kept = xp.asarray(target._data != as_integer("nll_loss", "ignore_index", ignore_index))
    _check_labels(input, target, kept)
    factors = _class_weight("nll_loss", weight, input, classes)
    safe = Tensor._wrap(xp.where(kept, target._data, 0).astype(int64))
    scale = Tensor._wrap(xp.asarray(kept if factors is None else factors._data[safe._data] * kept, dtype=input.dtype))
    picked = reshape(gather(input, dim, unsqueeze(safe, dim)), target.shape)
    values = where(Tensor._wrap(kept), -picked * scale, 0.0)
    if reduction == "mean":
        return sum(values) / sum(scale)
    return values if reduction == "none" else sum(values)
