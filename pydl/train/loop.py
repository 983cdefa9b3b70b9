"""`fit`: the loop that classifiers and GANs share."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .. import random
from .callbacks.base import Callback
from .divergence import locate
from .errors import DivergenceError, Interrupted, StateError
from .signals import SignalGuard
from .state import check_history, check_progress, check_sums, copied, figures, mapping
from .task import Task

_END = object()


@dataclass
class History:
    """What training did: the mean figures of each epoch, and why it stopped early (empty: it did not)."""

    epochs: list[dict[str, float]] = field(default_factory=list)
    stopped: str = ""

    def __getitem__(self, name: str) -> list[float]:
        """One figure over the epochs."""
        return [epoch[name] for epoch in self.epochs if name in epoch]


def fit(
    task: Task,
    loader: Iterable[Any],
    epochs: int,
    *,
    callbacks: Sequence[Callback] = (),
    start: dict[str, Any] | None = None,
) -> History:
    """Train `task` on the batches of `loader` until `epochs` epochs are done.

    `start` is the state of a checkpoint (`pydl.load`): training goes on there, bit for bit as if it had not stopped,
    with the same loader and callbacks. The first SIGINT or SIGTERM stops it between two steps with Interrupted, a
    KeyboardInterrupt; the second at once. ValueError, before the first step, for data that the task refuses (a
    Classifier: labels out of range, as far as its `check_data` sees them); StateError for a `start` that is not of this
    task and loader; DivergenceError, which says at which step and layer it began, if a figure whose name starts with
    "loss" is not finite; what was saved before remains.
    """
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 0:
        raise ValueError(f"[fit] expected epochs as an integer >= 0, got {epochs!r}")
    loop = Loop(task, loader, epochs, callbacks)
    if start is not None:
        loop.load_state_dict(start)
    return loop.run()


class Loop:
    """Where training stands; callbacks read it.

    `epoch` epochs and `step` steps are done, `position` of them in the current epoch; `metrics` are the last step's;
    after `finite` steps a callback last saw that the whole state was finite (None: none has looked). Setting
    `history.stopped` to a reason ends training after the epoch; `notes` are short words of callbacks for the progress
    line.
    """

    def __init__(self, task: Task, loader: Iterable[Any], epochs: int, callbacks: Sequence[Callback] = ()) -> None:
        self.task, self.loader, self.epochs = task, loader, epochs
        self.callbacks = sorted(_checked(callbacks), key=lambda callback: callback.order)
        self.epoch = self.position = self.step = 0
        self.metrics: dict[str, float] = {}
        self.finite: int | None = None
        self.history = History()
        self.notes: dict[str, str] = {}
        self._sums: dict[str, float] = {}
        self._elapsed, self._started = 0.0, time.monotonic()
        self._signals = SignalGuard()

    @property
    def elapsed(self) -> float:
        """Seconds of training, those before a resumption included."""
        return self._elapsed + time.monotonic() - self._started

    @property
    def steps_per_epoch(self) -> int | None:
        """Batches in an epoch, if the loader tells."""
        return len(self.loader) if isinstance(self.loader, Sized) else None

    def run(self) -> History:
        self._started = time.monotonic()
        with ExitStack() as stack:
            for callback in reversed(self.callbacks):  # closed in their order, each whatever the others do
                stack.callback(callback.close)
            with self._signals:
                self._run()
        return self.history

    def _run(self) -> None:
        self._signals.step = self.step
        if hasattr(self.task, "check_data"):
            self.task.check_data(self.loader)
        self._call("on_train_begin")
        try:
            while self.epoch < self.epochs and not self.history.stopped:
                self._run_epoch()
        except Interrupted:
            self._call("on_interrupt")
            raise
        self._call("on_train_end")

    def _run_epoch(self) -> None:
        self._call("on_epoch_begin")
        batches = self._batches()
        while True:
            with self._signals.interruptible():
                batch = next(batches, _END)
            if batch is _END:
                break
            self._run_step(batch)
        if not self.position:
            raise ValueError("[fit] expected a loader with at least one batch, got none")
        with self._signals.interruptible(), random.fork_rng():
            evaluated = self._evaluate()
        means = {name: total / self.position for name, total in self._sums.items()}
        self.history.epochs.append({**means, **evaluated})
        self.epoch, self.position, self._sums = self.epoch + 1, 0, {}
        self._call("on_epoch_end")
        self._signals.check(self.step)

    def _evaluate(self) -> dict[str, float]:
        """The figures of the task and of the callbacks at the end of an epoch."""
        figures = _floats("evaluate", self.task.evaluate())
        for callback in self.callbacks:
            figures |= _floats("on_evaluate", callback.on_evaluate(self))
        return figures

    def _run_step(self, batch: Any) -> None:
        try:
            self.metrics = _finite(_floats("step", self.task.step(batch)))
        except DivergenceError as error:
            raise self._located(error, batch) from None
        self.step, self.position = self.step + 1, self.position + 1
        for name, value in self.metrics.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._call("on_step_end")
        self._signals.check(self.step)

    def _located(self, error: DivergenceError, batch: Any) -> DivergenceError:
        """`error` of the step that was being done, with the step and the layer at which it began."""
        layer, words = locate(self.task, batch)
        return error.told(f" at step {self.step + 1} (epoch {self.epoch + 1}); {words}", self.step + 1, layer)

    def _batches(self) -> Iterator[Any]:
        """The batches of the current epoch that are still to come."""
        if hasattr(self.loader, "load_state_dict"):
            self.loader.load_state_dict(self._loader_state())
            return iter(self.loader)
        return islice(iter(self.loader), self.position, None)

    def _loader_state(self) -> Any:
        # The loader may have handed out a batch that was never trained on.
        if not hasattr(self.loader, "state_dict"):
            return None
        return {**self.loader.state_dict(), "epoch": self.epoch, "position": self.position}

    def _call(self, hook: str) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self)

    def _named_callbacks(self) -> dict[str, Callback]:
        seen: Counter[str] = Counter()
        named = {}
        for callback in self.callbacks:
            kind = type(callback).__name__
            named[f"{kind}-{seen[kind]}"] = callback
            seen[kind] += 1
        return named

    def state_dict(self) -> dict[str, Any]:
        """All that decides how training goes on."""
        return {
            "task": self.task.state_dict(),
            "loader": self._loader_state(),
            "random": random.get_rng_state(),
            "progress": {"epoch": self.epoch, "position": self.position, "step": self.step, "elapsed": self.elapsed},
            "metrics": self.metrics,
            "sums": self._sums,
            "history": {"epochs": list(self.history.epochs), "stopped": self.history.stopped},
            "callbacks": {name: callback.state_dict() for name, callback in self._named_callbacks().items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; StateError, and nothing changed, for the state of something else."""
        try:
            self._load(state)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise StateError(f"[fit] expected start as the state of a training like this one, got {reason}") from error

    def _load(self, state: dict[str, Any]) -> None:
        progress = check_progress(state["progress"], self.steps_per_epoch)
        metrics = figures("metrics", state["metrics"])
        sums = check_sums(state["sums"], metrics, progress["position"])
        history = History(*check_history(state["history"], progress["epoch"]))
        if (state["loader"] is None) == hasattr(self.loader, "state_dict"):
            raise TypeError(f"expected the state of {type(self.loader).__name__} as loader, got another")
        self._load_parts(state)
        self.epoch, self.position, self.step = (progress[name] for name in ("epoch", "position", "step"))
        self._elapsed, self.metrics, self._sums, self.history = progress["elapsed"], metrics, sums, history

    def _load_parts(self, state: dict[str, Any]) -> None:
        """Load what checks its own state; if one of them refuses, those before it get back what they had."""
        given, named = mapping("callbacks", state["callbacks"]), self._named_callbacks()
        parts: list[tuple[Any, Any]] = [(self.task, state["task"])]
        parts += [(callback, mapping(name, given.get(name, {}))) for name, callback in named.items()]
        with ExitStack() as undo:
            undo.callback(random.set_rng_state, random.get_rng_state())
            random.set_rng_state(state["random"])
            for part, new in parts:
                undo.callback(part.load_state_dict, copied(part.state_dict()))
                part.load_state_dict(new)
            if hasattr(self.loader, "state_dict") and hasattr(self.loader, "load_state_dict"):
                self.loader.load_state_dict(state["loader"])
            undo.pop_all()


def _checked(callbacks: Any) -> list[Callback]:
    chosen = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    wrong = [type(callback).__name__ for callback in chosen if not isinstance(callback, Callback)]
    if wrong or not isinstance(callbacks, Iterable):
        raise TypeError(f"[fit] expected callbacks as a list of Callback, got {', '.join(wrong) or 'one alone'}")
    return chosen


def _finite(figures: dict[str, float]) -> dict[str, float]:
    for name, value in figures.items():
        if name.startswith("loss") and not math.isfinite(value):
            raise DivergenceError(f"[fit] expected a finite loss, got {name} = {value}", name, value)
    return figures


def _floats(method: str, figures: Any) -> dict[str, float]:
    if not isinstance(figures, dict):
        raise TypeError(f"[fit] expected {method}() to give a dict of figures, got {type(figures).__name__}")
    return {name: float(value) for name, value in figures.items()}
