"""A classifier whose learning rate follows the course of its training."""

from __future__ import annotations

import math
from typing import Any

from ..optim.lr_scheduler import LambdaLR
from .task import Classifier

SCHEDULES = ("steps", "cosine", "constant")


def factor(schedule: str, step: int, total: int, warmup: int = 0) -> float:
    """What the learning rate is multiplied by at `step` of `total`.

    "steps": a tenth from half of the training on, a hundredth from three quarters on (He et al. 2016, section 4.2).
    "cosine": (1 + cos(π · step / total)) / 2. The first `warmup` steps have a tenth. ValueError for other names.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f"[factor] expected schedule to be one of {', '.join(SCHEDULES)}, got {schedule!r}")
    if step < warmup:
        return 0.1
    if schedule == "steps":
        return 1.0 if 2 * step < total else 0.1 if 4 * step < 3 * total else 0.01
    if schedule == "cosine":
        return (1 + math.cos(math.pi * min(step / total, 1.0))) / 2
    return 1.0


class ScheduledClassifier(Classifier):
    """A Classifier that sets the learning rate by `factor` before each of `total` steps, and reports it as "lr".

    `total` is no part of the state: a training that is resumed with more epochs goes on where the longer one would be.
    """

    def __init__(self, *parts: Any, total: int, schedule: str = "steps", warmup: int = 0) -> None:
        super().__init__(*parts)
        self.schedule = LambdaLR(self.optimizer, lambda step: factor(schedule, step, total, warmup))

    def step(self, batch: Any) -> dict[str, float]:
        figures = {**super().step(batch), "lr": self.schedule.get_last_lr()[0]}
        self.schedule.step()
        return figures

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "schedule": self.schedule.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if "schedule" not in state:
            raise ValueError(f"[ScheduledClassifier] expected the key schedule, got {sorted(state)}")
        super().load_state_dict({name: value for name, value in state.items() if name != "schedule"})
        self.schedule.load_state_dict(state["schedule"])
