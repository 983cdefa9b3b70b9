"""Showing how far training is."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from .base import Callback
from .extras import make_bar, require

if TYPE_CHECKING:
    from ..loop import Loop


class Progress(Callback):
    """On a terminal a bar with the rate, the time left and the losses; elsewhere a line every few epochs.

    The bar needs tqdm: pip install "pydl[train]". `seconds` is the least time between two lines. Rates are those of the
    steps, without what follows an epoch: tests, and the training of a classifier that judges samples.
    """

    order = 60

    def __init__(self, stream: TextIO | None = None, seconds: float = 2.0) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.seconds = seconds
        self.terminal = self.stream.isatty()
        if self.terminal:
            require("tqdm", "the progress bar")
        self.bar: Any = None
        self._done, self._seconds = 0, 0.0  # steps before this training, and seconds of the steps of its epochs
        self._since = self._last = self._printed = 0.0

    def on_train_begin(self, loop: Loop) -> None:
        self._done, self._seconds, self._printed = loop.step, 0.0, time.monotonic()
        if self.terminal:
            total = None if loop.steps_per_epoch is None else loop.epochs * loop.steps_per_epoch
            self.bar = make_bar(total=total, initial=loop.step, unit="step", file=self.stream, dynamic_ncols=True)

    def on_epoch_begin(self, loop: Loop) -> None:
        self._since = self._last = time.monotonic()
        if self.bar is not None:
            self.bar.set_description(f"epoch {loop.epoch + 1}/{loop.epochs}", refresh=False)

    def on_step_end(self, loop: Loop) -> None:
        self._last = time.monotonic()
        if self.bar is not None:
            self.bar.set_postfix_str("  ".join([describe(loop.metrics), *loop.notes.values()]), refresh=False)
            self.bar.update()

    def on_epoch_end(self, loop: Loop) -> None:
        self._seconds += self._last - self._since
        now = time.monotonic()
        if self.bar is None and (now - self._printed >= self.seconds or loop.epoch == loop.epochs):
            self._printed = now
            print(self._line(loop), file=self.stream, flush=True)

    def _line(self, loop: Loop) -> str:
        rate = (loop.step - self._done) / max(self._seconds, 1e-9)
        left = (loop.epochs - loop.epoch) * (loop.step / loop.epoch) / max(rate, 1e-9)
        parts = [f"epoch {loop.epoch}/{loop.epochs}", f"step {loop.step}", f"{rate:.4g} steps/s", f"{clock(left)} left"]
        return "  ".join([*parts, describe(loop.history.epochs[-1]), *loop.notes.values()])

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def describe(figures: dict[str, float]) -> str:
    """Figures in a few characters each; those with a "/" in their name are details, for the log alone."""
    return "  ".join(f"{name} {value:.4g}" for name, value in figures.items() if "/" not in name)


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
