"""Interleaved timing of two functions that do the same work."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

SAMPLE = 5e-4  # seconds a sample lasts at least: short calls are repeated within it
SPIN = 0.01  # seconds: for longer, no thread of an OpenMP library waits for work with a processor in hand
BLAS_SPIN = 0.12  # the same of NumPy's OpenBLAS, which was seen to wait for 0.06 to 0.12
SHORT = 2e-3  # a call shorter than this, or than a sample, is run once more, untimed, before each sample
RUN = 0.02  # seconds of a short run: what a step in a loop of training takes, with threads awake and caches its own

Function = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds a call at best, of either side, and the median of theirs / ours over the pairs."""

    ours: float
    theirs: float
    median: float
    pairs: int

    @property
    def ratio(self) -> float:
        """theirs / ours of the minima: how many times faster ours is."""
        return self.theirs / self.ours


def sample(function: Function, repeats: int, warm: bool, pause: float = 0.0) -> float:
    """Seconds a call, over `repeats` calls."""
    if pause:
        time.sleep(pause)
    if warm:
        function()  # what the other side left in the caches is not charged to this one
    start = time.perf_counter()
    for _ in range(repeats):
        function()
    return (time.perf_counter() - start) / repeats


def _plan(function: Function, least: float) -> tuple[int, bool]:
    """Calls in a sample of at least that many seconds, and whether the call is a short one, from the second call on."""
    function()
    seconds = min(sample(function, 1, False), sample(function, 1, False))
    return max(1, math.ceil(least / max(seconds, 1e-9))), seconds < max(SHORT, least)


def compare(
    ours: Function,
    theirs: Function,
    budget: float = 0.25,
    least: int = 5,
    most: int = 300,
    pause: float = 0.0,
    run: float = SAMPLE,
) -> Timing:
    """Time A B A B …, samples of at least `run` seconds, for about `budget` seconds and at least `least` pairs.

    A noisy neighbour slows both sides of a pair, so the median of the paired ratios and the ratio of the minima
    hold where a single absolute time would not. Threads of the other side that wait by spinning would take processors
    from ours, which sleep at once: each of our samples begins after a `pause` that is to outlast them.
    """
    plans = _plan(ours, run), _plan(theirs, run)
    pairs: list[tuple[float, float]] = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        end = time.perf_counter() + budget
        while len(pairs) < least or (time.perf_counter() < end and len(pairs) < most):
            pairs.append((sample(ours, *plans[0], pause), sample(theirs, *plans[1])))
    finally:
        if collecting:
            gc.enable()
    return Timing(
        ours=min(a for a, _ in pairs),
        theirs=min(b for _, b in pairs),
        median=statistics.median(b / a for a, b in pairs),
        pairs=len(pairs),
    )


def compare_libraries(ours: Function, theirs: Function, budget: float) -> Timing:
    """`compare` with an OpenMP library: short runs, ours after a rest that outlasts its threads."""
    return compare(ours, theirs, budget, pause=SPIN, run=RUN)
