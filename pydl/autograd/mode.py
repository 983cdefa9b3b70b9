"""Whether operations are recorded: a switch for each thread."""

from __future__ import annotations

from contextlib import ContextDecorator
from threading import local
from typing import Any


class _Mode(local):
    grad = True
    trace: Any = None  # what is told of every recorded operation, where the graph is to be drawn


_mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations are recorded on this thread."""
    return _mode.grad


class set_grad_enabled(ContextDecorator):
    """Record operations, or not, inside a `with` block or a decorated function; as a call, from now on."""

    def __init__(self, mode: bool) -> None:
        self._before = _mode.grad
        self._wanted = _mode.grad = bool(mode)

    def __enter__(self) -> None:
        _mode.grad = self._wanted

    def __exit__(self, *exc: object) -> None:
        _mode.grad = self._before


class _GradScope(ContextDecorator):
    wanted: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_mode.grad)
        _mode.grad = self.wanted

    def __exit__(self, *exc: object) -> None:
        _mode.grad = self._before.pop()


class no_grad(_GradScope):
    """Within it nothing is recorded; a context manager and a decorator."""

    wanted = False


class enable_grad(_GradScope):
    """Within it operations are recorded, also inside no_grad."""

    wanted = True
