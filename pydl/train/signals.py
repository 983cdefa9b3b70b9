"""Ctrl-C and SIGTERM end training between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from .errors import Interrupted


class SignalGuard:
    """While it is entered, the first SIGINT or SIGTERM is noted for `check`; the second raises at once.

    Inside `interruptible()`, where nothing is changed half-way, the first raises at once too. A signal that is
    ignored stays so; in threads other than the main one, where Python delivers no signals, nothing is done.
    """

    def __init__(self) -> None:
        self.received = 0
        self.step = 0
        self._open = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> SignalGuard:
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(signum) not in (signal.SIG_IGN, None):
                    self._before[signum] = signal.signal(signum, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        self._before.clear()

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self.received:
            raise KeyboardInterrupt
        self.received = signum
        if self._open:
            raise Interrupted(signum, self.step)

    def check(self, step: int) -> None:
        """Interrupted, if a signal came."""
        self.step = step
        if self.received:
            raise Interrupted(self.received, step)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """A stretch in which the first signal raises at once."""
        self._open = True
        try:
            self.check(self.step)
            yield
        finally:
            self._open = False
