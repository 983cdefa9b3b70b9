"""Cycles: cosines that begin again, and one-cycle training."""

from __future__ import annotations

import math
from typing import Any

from ..checks import check_number
from ..optimizer import Optimizer
from .base import LRScheduler, check_count, check_optimizer


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = eta_min + (lr₀ - eta_min) · (1 + cos(π · t/T)) / 2, from lr₀ again after T steps.

    T is T_0 at first and T_mult times as long after every restart (Loshchilov and Hutter 2017).
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            check_count("CosineAnnealingWarmRestarts", name, value, 1)
        check_number("CosineAnnealingWarmRestarts", "eta_min", eta_min, 0)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step, period = self.last_epoch, self.T_0
        if self.T_mult == 1:
            step %= period
        while step >= period:
            step, period = step - period, period * self.T_mult
        share = (1 + math.cos(math.pi * step / period)) / 2
        return [self.eta_min + (rate - self.eta_min) * share for rate in self.base_lrs]


class OneCycleLR(LRScheduler):
    """One rise of the learning rate and one fall, a step for every batch (Smith and Topin 2019).

    From max_lr / div_factor up to max_lr over the share pct_start of the steps, then down to the first rate divided by
    final_div_factor (with three_phase: down to the first rate as fast as it rose, then on). cycle_momentum moves
    momentum, or the first beta, the other way. total_steps, or epochs times steps_per_epoch; a step beyond them is a
    ValueError.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer("OneCycleLR", optimizer)
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("[OneCycleLR] expected total_steps, or epochs and steps_per_epoch, got neither")
        self.total_steps = int(total_steps if total_steps is not None else epochs * steps_per_epoch)  # type: ignore[operator]
        check_count("OneCycleLR", "total_steps", self.total_steps, 1)
        check_number("OneCycleLR", "pct_start", pct_start, 0, 1)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f'[OneCycleLR] expected anneal_strategy "cos" or "linear", got {anneal_strategy!r}')
        groups = optimizer.param_groups
        peaks = list(max_lr) if isinstance(max_lr, (list, tuple)) else [max_lr] * len(groups)
        if len(peaks) != len(groups):
            raise ValueError(f"[OneCycleLR] expected {len(groups)} values of max_lr, got {len(peaks)}")
        for peak in peaks:
            check_number("OneCycleLR", "max_lr", peak, 0)
        self._check_momentum(optimizer, cycle_momentum, base_momentum, max_momentum)
        self.phases = self._phases(pct_start, three_phase)
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        self.momenta = [max_momentum, base_momentum, max_momentum, max_momentum]
        self.rates = [[p / div_factor, p, p / div_factor, p / div_factor / final_div_factor] for p in peaks]
        if not three_phase:
            del self.momenta[2]
            for marks in self.rates:
                del marks[2]
        if last_epoch == -1:
            for group, marks in zip(groups, self.rates, strict=True):
                group["initial_lr"] = marks[0]
        super().__init__(optimizer, last_epoch)

    @staticmethod
    def _check_momentum(optimizer: Optimizer, cycles: bool, base: float, top: float) -> None:
        if not cycles:
            return
        check_number("OneCycleLR", "base_momentum", base, 0, 1)
        check_number("OneCycleLR", "max_momentum", top, 0, 1)
        if not {"momentum", "betas"} & set(optimizer.defaults):
            raise ValueError("[OneCycleLR] expected an optimizer with momentum or betas for cycle_momentum, got none")

    def _phases(self, pct_start: float, three_phase: bool) -> list[float]:
        """The last step of each phase."""
        peak = pct_start * self.total_steps - 1
        middle = [2 * pct_start * self.total_steps - 2] if three_phase else []
        return [float(peak), *middle, float(self.total_steps - 1)]

    def _at(self, marks: list[float]) -> float:
        """Between the marks of the phase that step `last_epoch` belongs to."""
        start = 0.0
        for i, end in enumerate(self.phases):
            if self.last_epoch <= end or i == len(self.phases) - 1:
                share = (self.last_epoch - start) / (end - start) if end > start else 1.0
                if self.anneal_strategy == "linear":
                    return (marks[i + 1] - marks[i]) * share + marks[i]
                return marks[i + 1] + (marks[i] - marks[i + 1]) / 2.0 * (math.cos(math.pi * share) + 1)
            start = end
        raise AssertionError

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ValueError(f"[OneCycleLR] expected at most {self.total_steps} steps, got {self.last_epoch}")
        if self.cycle_momentum:
            self._set_momentum(self._at(self.momenta))
        return [self._at(marks) for marks in self.rates]

    def _set_momentum(self, momentum: float) -> None:
        for group in self.optimizer.param_groups:
            changed: dict[str, Any] = {"momentum": momentum}
            if "betas" in group:
                changed = {"betas": (momentum, *group["betas"][1:])}
            group.update(changed)
