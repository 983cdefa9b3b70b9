"""Whether a step is being recorded on this thread (pydl/replay/), for everything that then has something to tell."""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any


class _Current(local):
    recorder: Any = None


_current = _Current()
running = 0  # recordings on all threads: as long as it is 0, no one has to look further


def recorder() -> Any:
    """The recorder of this thread, or None."""
    return _current.recorder if running else None


def set_recorder(new: Any) -> None:
    """Begin with a recorder, or end with None; called in pairs."""
    global running
    running += 1 if new is not None else -1
    _current.recorder = new


def suspend() -> None:
    """Nothing more is told to this thread's recorder."""
    _current.recorder = None


def check(test: Callable[..., None], *arrays: Any) -> None:
    """test(*arrays), which raises where values are wrong; in every replay too."""
    current = recorder()
    if current is None:
        test(*arrays)
    else:
        current.check(test, arrays)


def refuse(reason: str) -> None:
    """What happens now cannot be replayed; without a recording this is no one's concern."""
    if running:
        tell("refuse", reason)


def tell(event: str, *what: Any) -> None:
    """Call that method of this thread's recorder, if there is one."""
    current = recorder()
    if current is not None:
        getattr(current, event)(*what)
