"""Learning rates that change: over a whole training, or by a schedule of `pydl.optim`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .base import Callback

if TYPE_CHECKING:
    from ..loop import Loop

SCHEDULES: dict[str, Callable[[float], float]] = {
    "none": lambda t: 1.0,
    "linear": lambda t: 1 - t,
    "late-linear": lambda t: min(1.0, 2 * (1 - t)),
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    "step": lambda t: 0.1 ** min(2, math.floor(3 * t + 1e-9)),
    "late-step": lambda t: 1.0 if t < 0.5 else 0.1 if t < 0.75 else 0.01,
}


class LearningRateSchedule(Callback):
    """Multiplies the learning rates of `optimizers`, as they are now, by a function of t, the share of steps done.

    "linear": 1 - t; "late-linear": 1 in the first half, then linearly to 0; "cosine": (1 + cos πt) / 2 (Loshchilov and
    Hutter 2017, without restarts); "step": 1, 0.1 and 0.01, a third of the training each; "late-step": 1 in the first
    half, then 0.1 and 0.01, a quarter each (He et al. 2016, section 4.2). The rate depends on the step alone, so that a
    resumed training goes on alike; with more epochs it goes on as if they had been asked for first.
    """

    def __init__(self, optimizers: Iterable[Any], kind: str) -> None:
        if kind not in SCHEDULES:
            raise ValueError(f"[LearningRateSchedule] expected kind as one of {', '.join(SCHEDULES)}, got {kind!r}")
        self.factor, self.optimizers = SCHEDULES[kind], list(optimizers)
        self._rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]

    def _set(self, loop: Loop) -> None:
        steps = loop.steps_per_epoch
        if steps is None:
            raise ValueError("[LearningRateSchedule] expected a loader with a length, got one without")
        share = min(1.0, loop.step / max(1, loop.epochs * steps))
        for optimizer, rates in zip(self.optimizers, self._rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * self.factor(share)

    def on_train_begin(self, loop: Loop) -> None:
        self._set(loop)

    def on_step_end(self, loop: Loop) -> None:
        self._set(loop)


class LearningRate(Callback):
    """Steps a schedule of `pydl.optim` after every epoch or, with `per="step"`, after every step.

    With `monitor`, the schedule gets that figure of the epoch (a schedule that waits for a plateau).
    """

    def __init__(self, schedule: Any, per: str = "epoch", monitor: str | None = None) -> None:
        if per not in ("epoch", "step"):
            raise ValueError(f'[LearningRate] expected per "epoch" or "step", got {per!r}')
        self.schedule, self.per, self.monitor = schedule, per, monitor

    def on_step_end(self, loop: Loop) -> None:
        if self.per == "step":
            self.schedule.step()

    def on_epoch_end(self, loop: Loop) -> None:
        if self.per == "step":
            return
        if self.monitor is None:
            self.schedule.step()
        else:
            self.schedule.step(loop.history.epochs[-1][self.monitor])

    def state_dict(self) -> dict[str, Any]:
        return {"schedule": self.schedule.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if "schedule" in state:
            self.schedule.load_state_dict(state["schedule"])
