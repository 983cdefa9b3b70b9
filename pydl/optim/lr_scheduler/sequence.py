"""Several schedules: one after another, or at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, check_count, check_optimizer


class SequentialLR(LRScheduler):
    """Runs schedules[0] up to milestones[0], schedules[1] from there as if it began, and so on."""

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        check_optimizer("SequentialLR", optimizer)
        if not schedulers or len(milestones) != len(schedulers) - 1:
            given = f"{len(schedulers)} schedulers and {len(milestones)} milestones"
            raise ValueError(f"[SequentialLR] expected one milestone fewer than schedulers, got {given}")
        for schedule in schedulers:
            if getattr(schedule, "optimizer", None) is not optimizer:
                raise ValueError("[SequentialLR] expected schedulers of its own optimizer, got another's")
        for milestone in milestones:
            check_count("SequentialLR", "milestones", milestone, 1)
        if list(milestones) != sorted(set(milestones)):
            raise ValueError(f"[SequentialLR] expected ascending milestones, got {list(milestones)}")
        self.optimizer, self.schedulers, self.milestones = optimizer, list(schedulers), list(milestones)
        self.last_epoch = last_epoch + 1
        if last_epoch == -1:
            self.schedulers[0].restart()
        self._last_lr = self.schedulers[0].get_last_lr()

    def step(self) -> None:
        self.last_epoch += 1
        i = bisect_right(self.milestones, self.last_epoch)
        if i > 0 and self.milestones[i - 1] == self.last_epoch:
            self.schedulers[i].restart()
        else:
            self.schedulers[i].step()
        self._last_lr = self.schedulers[i].get_last_lr()

    def state_dict(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name not in ("optimizer", "schedulers")}
        return {**state, "schedulers": [schedule.state_dict() for schedule in self.schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        own, inner = self.state_dict(), state_dict.get("schedulers", ())
        if set(state_dict) != set(own) or len(inner) != len(self.schedulers):
            raise ValueError(f"[SequentialLR.load_state_dict] expected {sorted(own)}, got {sorted(state_dict)}")
        for schedule, state in zip(self.schedulers, inner, strict=True):
            schedule.load_state_dict(state)
        vars(self).update({k: v for k, v in state_dict.items() if k != "schedulers"})


class ChainedScheduler(LRScheduler):
    """Every schedule steps, one on the rates of the other."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers or not all(isinstance(schedule, LRScheduler) for schedule in schedulers):
            raise ValueError(f"[ChainedScheduler] expected schedulers, at least one, got {schedulers!r}")
        self.optimizer = optimizer or schedulers[0].optimizer
        if any(schedule.optimizer is not self.optimizer for schedule in schedulers):
            raise ValueError("[ChainedScheduler] expected schedulers of one optimizer, got another's")
        self.schedulers = list(schedulers)
        self._last_lr = self._rates()

    def step(self) -> None:
        for schedule in self.schedulers:
            schedule.step()
        self._last_lr = self._rates()

    def state_dict(self) -> dict[str, Any]:
        return {"_last_lr": self._last_lr, "schedulers": [schedule.state_dict() for schedule in self.schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        inner = state_dict.get("schedulers", ())
        if set(state_dict) != {"_last_lr", "schedulers"} or len(inner) != len(self.schedulers):
            raise ValueError(
                f"[ChainedScheduler.load_state_dict] expected _last_lr and {len(self.schedulers)} schedulers, "
                f"got {sorted(state_dict)}"
            )
        for schedule, state in zip(self.schedulers, inner, strict=True):
            schedule.load_state_dict(state)
        self._last_lr = state_dict["_last_lr"]
