"""`capture`: a step that is recorded, verified and from then on replayed."""

from __future__ import annotations

import functools
import os
import threading
import warnings
import weakref
from collections.abc import Callable
from types import MethodType
from typing import Any

from .. import recording
from ..autograd.mode import _mode
from ..backend import cpu_kernels
from ..tensor import Tensor
from .recorded import Recorded
from .structure import NotRecordable, describe, outside_graph
from .verify import verify

MOST = 8  # recordings of one function: shapes, modes
MOST_WARM = 64  # kinds of calls that came once


class Captured:
    """A function of tensors whose kernels are recorded; made by `capture`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._recorded: dict[Any, list[Recorded]] = {}
        self._warm: set[Any] = set()  # what ran eagerly the last time
        self._eager: set[Any] = set()  # what is not replayed
        self._said: set[str] = set()
        self._lock = threading.RLock()
        _captured.add(self)

    @property
    def recordings(self) -> int:
        """How many recordings there are that replay."""
        return sum(recorded.verified for entries in self._recorded.values() for recorded in entries)

    def __reduce__(self) -> Any:
        return Captured, (self.function,)  # a copy has recordings of its own

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)  # decorated in a class, as a function there

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if recording.recorder() is not None:  # a part of another step
            return self._run(args, kwargs)
        with self._lock:
            tensors: list[Tensor] = []
            try:
                key = describe((args, kwargs), tensors) if args or kwargs else None, _mode.grad
            except NotRecordable as error:
                return self._instead(f"its arguments hold {error}", args, kwargs)
            for recorded in self._recorded.get(key, ()):
                if recorded.holds(tensors):
                    if recorded.verified:
                        return recorded.replay(tensors)
                    return self._verify(key, recorded, args, kwargs, tensors)
            return self._other(key, args, kwargs, tensors)

    def _run(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """The function itself; its results leave the graph, as those of a replay have none."""
        result = self.function(*args, **kwargs)
        try:
            return outside_graph(result)
        except NotRecordable:
            return result

    def _instead(self, reason: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        self._say(reason)
        return self._run(args, kwargs)

    def _other(self, key: Any, args: tuple, kwargs: dict[str, Any], tensors: list[Tensor]) -> Any:
        """A call of which there is no recording: once as ever, which makes what is made once, then recorded."""
        if key in self._eager or _mode.trace is not None:
            return self._run(args, kwargs)
        if key not in self._warm:
            if len(self._warm) >= MOST_WARM:
                self._say("its arguments hardly ever repeat in shapes and numbers")
                self._warm.clear()
            self._warm.add(key)
            return self._run(args, kwargs)
        self._warm.discard(key)
        if sum(map(len, self._recorded.values())) >= MOST:
            return self._instead(f"there are {MOST} recordings of other shapes and modes already", args, kwargs)
        cpu_kernels().empty_cache()  # the recording has memory of its own
        recorded = Recorded(self.function, args, kwargs, tensors)
        if recorded.refused:
            self._eager.add(key)
            self._say(recorded.refused)
        else:
            self._recorded.setdefault(key, []).append(recorded)
        return recorded.returned

    def _verify(self, key: Any, recorded: Recorded, args: tuple, kwargs: dict[str, Any], tensors: list[Tensor]) -> Any:
        self._recorded[key].remove(recorded)  # unless it turns out well
        result, recorded.verified = verify(recorded, lambda: self._run(args, kwargs), tensors)
        if recorded.verified:
            self._recorded[key].append(recorded)
        else:
            self._eager.add(key)
            self._say(
                "a replay gave other bits than the function: it depends on something that changes from call to call"
            )
        return result

    def _say(self, reason: str) -> None:
        if reason not in self._said:
            self._said.add(reason)
            name = getattr(self.function, "__name__", "the step")
            warnings.warn(f"[capture] {name} runs eagerly: {reason}", UserWarning, stacklevel=4)


def capture(function: Callable[..., Any]) -> Captured:
    """`function`, a training step, as one that soon runs without Python between its kernels.

    A first call with arguments of some shapes runs as ever, a second is recorded, a third is verified: a replay
    must leave the same bits as the function. Later ones replay what was recorded, on the tensors they are given.
    Results are those of the function, outside the graph. What cannot be recorded runs as ever, and a warning says
    why, once. docs/capture.md says how to write a step.
    """
    if not callable(function):
        raise TypeError(f"[capture] expected a function, got {type(function).__name__}")
    return Captured(function)


_captured: weakref.WeakSet[Captured] = weakref.WeakSet()


def _after_fork() -> None:
    for captured in _captured:  # a thread that is not in the child may have held it
        captured._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
