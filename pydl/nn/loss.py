"""Losses of an input and a target; the formulas are those of one element (or row).

`reduction` is "mean" (over elements, or rows for classes), "sum" or "none", which keeps the shape.
"""

from __future__ import annotations

from typing import Any

from ..checks import number
from ..ops.loss import check_replaced
from ..tensor import Tensor
from . import functional as F
from .checks import integer
from .module import Module


class _Loss(Module):
    """`reduction`, and the two older arguments that it replaced."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        name = type(self).__name__
        check_replaced(name, size_average, reduce)
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f'[{name}] expected reduction "mean", "sum" or "none", got {reduction!r}')
        self.reduction = reduction

    def _buffer(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(f"[{type(self).__name__}] expected {name} as a tensor, got {type(value).__name__}")
        self.register_buffer(name, value)


class MSELoss(_Loss):
    """(input - target)², of tensors that broadcast."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """|input - target|, of tensors that broadcast."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """d² / (2 · beta) for d = |input - target| < beta, d - beta / 2 beyond (Girshick 2015)."""

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = number("SmoothL1Loss", "beta", beta, 0.0)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """d² / 2 for d = |input - target| < delta, delta · (d - delta / 2) beyond (Huber 1964)."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = number("HuberLoss", "delta", delta, 0.0)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class BCELoss(_Loss):
    """-(t · log(p) + (1 - t) · log(1 - p)) of one shape, the logarithms no less than -100.

    ValueError for p not in [0, 1].
    """

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self._buffer("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """BCELoss of sigmoid(input), exact for large inputs; `pos_weight`, which broadcasts, multiplies the terms of t."""

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self._buffer("weight", weight)
        self._buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class NLLLoss(_Loss):
    """-input[n, target[n]] of log-probabilities (N, C, …) and classes (N, …), or (C,) and ().

    Targets of `ignore_index` do not count; `weight` (C,) weighs the classes, in the mean too. IndexError for a class
    that is none.
    """

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self._buffer("weight", weight)
        self.ignore_index = integer("NLLLoss", "ignore_index", ignore_index, low=-(2**31))

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(_Loss):
    """NLLLoss of log_softmax(input): logits (N, C, …) and classes (N, …), or probabilities of the logits' shape.

    With `label_smoothing` ε the target is (1 - ε) of itself and ε / C of every class (Szegedy et al. 2016, section 7).
    """

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100, reduce: Any = None,
        reduction: str = "mean", label_smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self._buffer("weight", weight)
        self.ignore_index = integer("CrossEntropyLoss", "ignore_index", ignore_index, low=-(2**31))
        self.label_smoothing = number("CrossEntropyLoss", "label_smoothing", label_smoothing, 0.0, 1.0)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )  # fmt: skip


class KLDivLoss(_Loss):
    """t · (log(t) - input) for log-probabilities as input; `log_target`: the targets are logarithms too.

    "batchmean" divides the sum by the rows, which is the divergence of distributions (N, C); "mean" by the elements.
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        if reduction == "batchmean":
            super().__init__(size_average, reduce)
            self.reduction = reduction
        else:
            super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)
