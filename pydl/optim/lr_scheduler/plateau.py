"""A schedule that waits until a figure stops improving."""

from __future__ import annotations

import math
from typing import Any

from ..checks import check_number
from ..optimizer import Optimizer
from .base import LRScheduler, check_count, check_optimizer


class ReduceLROnPlateau(LRScheduler):
    """Multiplies the learning rate by `factor` when `patience` steps in a row have brought no improvement.

    `step(metrics)` takes the figure; `mode` says whether "min" or "max" is better. Better means by more than
    `threshold`, as a share of the best so far ("rel") or as it is ("abs"). After a reduction, `cooldown` steps are not
    counted; no rate goes below `min_lr` or changes by less than `eps`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        check_optimizer("ReduceLROnPlateau", optimizer)
        check_number("ReduceLROnPlateau", "factor", factor, 0, 1, closed=False)
        if mode not in ("min", "max"):
            raise ValueError(f'[ReduceLROnPlateau] expected mode "min" or "max", got {mode!r}')
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f'[ReduceLROnPlateau] expected threshold_mode "rel" or "abs", got {threshold_mode!r}')
        check_count("ReduceLROnPlateau", "patience", patience, 0)
        check_count("ReduceLROnPlateau", "cooldown", cooldown, 0)
        groups = len(optimizer.param_groups)
        self.min_lrs = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        if len(self.min_lrs) != groups:
            raise ValueError(f"[ReduceLROnPlateau] expected {groups} values of min_lr, got {len(self.min_lrs)}")
        for name, value in (("threshold", threshold), ("eps", eps), *(("min_lr", low) for low in self.min_lrs)):
            check_number("ReduceLROnPlateau", name, value, 0)
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = self._rates()

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """One epoch is over, with this figure."""
        figure = float(metrics)
        self.last_epoch += 1
        if self.is_better(figure, self.best):
            self.best, self.num_bad_epochs = figure, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._rates()

    def is_better(self, figure: float, best: float) -> bool:
        """Whether `figure` improves on `best` by more than the threshold."""
        sign = 1 if self.mode == "max" else -1
        bar = best * (1 + sign * self.threshold) if self.threshold_mode == "rel" else best + sign * self.threshold
        return figure > bar if self.mode == "max" else figure < bar

    def _reduce(self) -> None:
        for group, low in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            rate = max(group["lr"] * self.factor, low)
            if group["lr"] - rate > self.eps:
                group["lr"] = rate
