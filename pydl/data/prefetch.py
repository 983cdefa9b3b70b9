"""Reading ahead by threads: results in order, a bounded number of them, no thread left behind."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

JOIN_SECONDS = 0.5


class _Shared:
    """What the workers see. They hold no reference to the Prefetcher, so dropping that stops them."""

    def __init__(self, fetch: Callable[[int], Any], start: int, stop: int, ahead: int) -> None:
        self.fetch, self.stop, self.ahead = fetch, stop, ahead
        self.claimed = self.wanted = start
        self.results: dict[int, tuple[Any, BaseException | None, int]] = {}
        self.closed = False
        self.pid = os.getpid()
        # Re-entrant: a garbage collection under the lock may run `_close` in the same thread.
        self.changed = threading.Condition(threading.RLock())


class Prefetcher:
    """fetch(start), …, fetch(stop - 1), computed by threads, at most `ahead` in advance."""

    def __init__(
        self, fetch: Callable[[int], Any], start: int, stop: int, workers: int, ahead: int, timeout: float
    ) -> None:
        self._shared = _Shared(fetch, start, stop, ahead)
        self._timeout = timeout
        threads = [
            threading.Thread(target=_work, args=(self._shared, i), name=f"pydl-data-{i}", daemon=True)
            for i in range(min(workers, stop - start))
        ]
        # Runs when the Prefetcher is dropped and before the interpreter exits, whichever comes first.
        self.close = weakref.finalize(self, _close, self._shared, threads)
        for thread in threads:
            thread.start()

    def get(self) -> Any:
        """The next result; an exception of fetch(k) is raised here, in turn, with a note of the thread."""
        shared = self._shared
        if os.getpid() != shared.pid:
            raise RuntimeError(
                "[DataLoader] expected an iterator of this process, got one from before a fork: "
                "call iter() on the loader again"
            )
        with shared.changed:
            if not shared.changed.wait_for(self._ready, self._timeout or None):
                raise RuntimeError(
                    f"[DataLoader] expected batch {shared.wanted} within timeout={self._timeout} s, got none"
                )
            value, error, worker = shared.results.pop(shared.wanted)
            shared.wanted += 1
            shared.changed.notify_all()
        if error is not None:
            error.add_note(f"[DataLoader] raised in worker thread {worker}")
            raise error
        return value

    def _ready(self) -> bool:
        return self._shared.wanted in self._shared.results


def _work(shared: _Shared, worker: int) -> None:
    while True:
        with shared.changed:
            shared.changed.wait_for(lambda: _may_claim(shared))
            if shared.closed or shared.claimed >= shared.stop:
                return
            k = shared.claimed
            shared.claimed += 1
        value, failure = None, None
        try:
            value = shared.fetch(k)
        except BaseException as error:
            failure = error
        with shared.changed:
            shared.results[k] = (value, failure, worker)
            shared.changed.notify_all()
        del value, failure


def _may_claim(shared: _Shared) -> bool:
    return shared.closed or shared.claimed >= shared.stop or shared.claimed < shared.wanted + shared.ahead


def _close(shared: _Shared, threads: list[threading.Thread]) -> None:
    """Tell the workers to end and wait for them a moment; one inside a slow dataset ends after its sample."""
    if os.getpid() != shared.pid:
        return
    with shared.changed:
        shared.closed = True
        shared.results.clear()
        shared.changed.notify_all()
    deadline = time.monotonic() + JOIN_SECONDS
    for thread in threads:
        if thread.ident is not None and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
