"""Callbacks that save checkpoints. They come last, so that a checkpoint holds what the others did."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from ...tensor import Tensor
from ..checkpoint import save
from ..divergence import layer_of
from ..errors import DivergenceError
from .base import Callback
from .stopping import Monitor

if TYPE_CHECKING:
    from ..loop import Loop

SECONDS = 5.0


def save_loop(loop: Loop, path: str | os.PathLike[str], config: Any) -> None:
    """Write the state of training and `config`; DivergenceError, and nothing written, if an array is not finite."""
    state = loop.state_dict()
    require_finite_state(loop, state["task"])
    save({"config": config, **state}, path)


def require_finite_state(loop: Loop, state: Any) -> None:
    """DivergenceError if an array of the task's `state` is not finite, with the steps between which that began."""
    name, since = not_finite(state), loop.finite
    if not name:
        loop.finite = loop.step
        return
    layer = layer_of(loop.task, name)
    words = f", which belongs to {layer}" if layer else ""
    if since is None:
        when = f"at step {loop.step} or before"
    elif loop.step - since <= 1:
        when = f"at step {loop.step}"
    else:
        when = f"between step {since}, when all was finite, and step {loop.step}"
    text = f"[fit] expected finite values, got inf or nan in {name} {when}{words}"
    raise DivergenceError(text, step=loop.step, layer=layer, since=since)


def not_finite(value: Any) -> str:
    """The name of the first array in `value` that holds an infinity or a NaN; empty if none does."""
    with np.errstate(over="ignore", invalid="ignore"):
        return ".".join(reversed(_path(value) or []))


def _path(value: Any) -> list[str] | None:
    """Where the first such array lies, from the inside out; None if there is none."""
    if isinstance(value, (dict, list, tuple)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if (path := _path(item)) is not None:
                return [*path, str(key)]
        return None
    array = value.detach().numpy() if isinstance(value, Tensor) else value
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return None
    # Where the sum is finite all are, and it is the fastest to find.
    return None if np.isfinite(np.add.reduce(array, None)) or np.isfinite(array).all() else []


class PeriodicCheckpoint(Callback):
    """Saves before the first step, every `every` steps, on a signal and at the end.

    Without `every`: after each epoch, unless the last save is less than five seconds old. DivergenceError, and nothing
    saved, if the state is not finite. It is looked at before every save, after the steps 1, 2, 4, 8, … and after each
    epoch, so that a training always stops at the same step; one look takes as long as up to a third of a small step.
    """

    order = 100

    def __init__(self, path: str | os.PathLike[str], every: int | None = None, config: Any = None) -> None:
        if every is not None and (isinstance(every, bool) or not isinstance(every, int) or every < 1):
            raise ValueError(f"[PeriodicCheckpoint] expected every as an integer >= 1 or None, got {every!r}")
        self.path, self.every, self.config = path, every, config
        self._saved = (-1, -1)
        self._time = 0.0

    def _save(self, loop: Loop) -> None:
        if self._saved != (loop.step, loop.epoch):
            save_loop(loop, self.path, self.config)
            self._saved, self._time = (loop.step, loop.epoch), time.monotonic()

    def _look(self, loop: Loop) -> None:
        if loop.finite != loop.step:
            require_finite_state(loop, loop.task.state_dict())

    def on_train_begin(self, loop: Loop) -> None:
        if loop.step:
            self._saved = (loop.step, loop.epoch)
        self._save(loop)
        self._look(loop)

    def on_step_end(self, loop: Loop) -> None:
        if self.every is not None and loop.step % self.every == 0:
            self._save(loop)
        elif loop.step & (loop.step - 1) == 0:
            self._look(loop)

    def on_epoch_end(self, loop: Loop) -> None:
        if self.every is None and time.monotonic() - self._time > SECONDS:
            self._save(loop)
        self._look(loop)

    def on_interrupt(self, loop: Loop) -> None:
        self._save(loop)

    def on_train_end(self, loop: Loop) -> None:
        self._save(loop)


class BestCheckpoint(Callback):
    """Saves after each epoch whose `monitor` is the best so far."""

    order = 90

    def __init__(
        self, path: str | os.PathLike[str], monitor: str, mode: str = "min", min_delta: float = 0.0, config: Any = None
    ) -> None:
        self.path, self.config = path, config
        self.monitor = Monitor("BestCheckpoint", monitor, mode, min_delta)

    def on_epoch_end(self, loop: Loop) -> None:
        if self.monitor.improved(loop.history.epochs[-1]):
            save_loop(loop, self.path, self.config)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.monitor.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.monitor.load(state)
