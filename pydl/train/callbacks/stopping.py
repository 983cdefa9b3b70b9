"""Early stopping."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..state import MAX_COUNT, integer, number
from .base import Callback

if TYPE_CHECKING:
    from ..loop import Loop


class Monitor:
    """Follows one figure of the epochs; `improved` says whether it is the best so far, by more than `min_delta`."""

    def __init__(self, name: str, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f'[{name}] expected mode "min" or "max", got {mode!r}')
        if not isinstance(monitor, str):
            raise TypeError(f"[{name}] expected monitor as a string, got {type(monitor).__name__}")
        if isinstance(min_delta, bool) or not isinstance(min_delta, (int, float)):
            raise TypeError(f"[{name}] expected min_delta as a number >= 0, got {type(min_delta).__name__}")
        if not 0 <= min_delta < math.inf:
            raise ValueError(f"[{name}] expected min_delta >= 0, got {min_delta!r}")
        self.name, self.monitor, self.sign, self.min_delta = name, monitor, 1 if mode == "min" else -1, min_delta
        self.best: float | None = None

    def improved(self, figures: dict[str, float]) -> bool:
        if self.monitor not in figures:
            raise ValueError(f"[{self.name}] expected monitor among {', '.join(figures)}, got {self.monitor!r}")
        value = figures[self.monitor]
        if math.isnan(value) or (self.best is not None and self.sign * (self.best - value) <= self.min_delta):
            return False
        self.best = value
        return True

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over `best` from the state of a callback."""
        best = state.get("best")
        if best is not None and math.isnan(number("best", best)):
            raise ValueError("expected best as a number, got nan")
        self.best = best


class EarlyStopping(Callback):
    """Stops when `monitor` has not improved by more than `min_delta` in `patience` epochs."""

    def __init__(self, monitor: str, patience: int = 5, min_delta: float = 0.0, mode: str = "min") -> None:
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise ValueError(f"[EarlyStopping] expected patience as an integer >= 1, got {patience!r}")
        self.monitor, self.patience, self.waited = Monitor("EarlyStopping", monitor, mode, min_delta), patience, 0

    def on_epoch_end(self, loop: Loop) -> None:
        if self.monitor.improved(loop.history.epochs[-1]):
            self.waited = 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            loop.history.stopped = f"{self.monitor.monitor} has not improved in {self.patience} epochs"

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.monitor.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        waited = integer("waited", state.get("waited", 0), 0, MAX_COUNT)
        self.monitor.load(state)
        self.waited = waited
