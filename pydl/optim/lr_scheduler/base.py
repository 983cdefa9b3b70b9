"""What every schedule has: an optimizer, a count of steps, and the learning rates that it sets."""

from __future__ import annotations

from typing import Any

from ... import recording
from ..optimizer import Optimizer


class LRScheduler:
    """Sets the learning rate of every group of `optimizer`, at once and after each `step()`.

    `last_epoch` counts the steps. A schedule that goes on from `last_epoch` ≥ 0 needs groups with an "initial_lr".
    Subclasses give the new rates in `get_lr`, most of them as a factor on the present ones, so that schedules chain.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(type(self).__name__, optimizer)
        check_count(type(self).__name__, "last_epoch", last_epoch, -1)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                name = type(self).__name__
                raise KeyError(f"[{name}] expected initial_lr in group {i} to go on from {last_epoch}, got none")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._advance(last_epoch + 1)

    def get_lr(self) -> list[float]:
        """The rates of step `last_epoch`, given those of the step before in the groups."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """The rates that the last step set."""
        return list(self._last_lr)

    def step(self) -> None:
        """One epoch (or whatever the schedule counts) is over."""
        self._advance(self.last_epoch + 1)

    def restart(self) -> None:
        """Begin again at step 0, from the initial rates."""
        self._reset_rates()
        self._advance(0)

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def _reset_rates(self) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = rate

    def _advance(self, epoch: int) -> None:
        recording.refuse("it moves a schedule")
        before, self.last_epoch = self.last_epoch, epoch
        try:
            rates = self.get_lr()
        except Exception:
            self.last_epoch = before
            raise
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = rates

    _not_saved: tuple[str, ...] = ("optimizer",)

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and functions."""
        return {name: value for name, value in vars(self).items() if name not in self._not_saved}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave; ValueError where the names differ, and then nothing has changed."""
        own = set(self.state_dict())
        if set(state_dict) != own:
            name = type(self).__name__
            raise ValueError(f"[{name}.load_state_dict] expected {sorted(own)}, got {sorted(state_dict)}")
        vars(self).update(state_dict)


def check_optimizer(function: str, optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"[{function}] expected an Optimizer, got {type(optimizer).__name__}")


def check_count(function: str, name: str, value: Any, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"[{function}] expected {name} as an integer, got {type(value).__name__}")
    if value < low:
        raise ValueError(f"[{function}] expected {name} >= {low}, got {value}")
