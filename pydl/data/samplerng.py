"""The random generator of a sample: a pure function of (seed, epoch, index).

The loader names the samples it is about to read; random transforms ask for the generator of the sample in
hand. So what is drawn depends neither on the number of worker threads nor on the order of reading.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

_local = threading.local()
ORDER, SPLIT, SAMPLE, DRAW, TOY = range(5)


def seed_sequence(purpose: int, seed: int, *counters: int) -> np.random.SeedSequence:
    """Entropy for one stream: no two (purpose, seed, counters) share one (counters below 2^32)."""
    return np.random.SeedSequence((seed & 0xFFFFFFFF, seed >> 32, *counters), spawn_key=(purpose,))


def permutation(size: int, purpose: int, seed: int, *counters: int) -> np.ndarray:
    """A random order of `size` indices, a pure function of the other arguments.

    Sorts raw Philox output, which NumPy keeps the same from version to version (its `permutation` it does
    not).
    """
    raw = np.random.Philox(seed_sequence(purpose, seed, *counters)).random_raw(size)
    return np.argsort(raw, kind="stable")


class SampleRNG:
    """The generator of one sample, made when first asked for, and how many numbers `uniforms` took."""

    __slots__ = ("_generator", "key", "taken")

    def __init__(self, seed: int, epoch: int, index: int) -> None:
        self.key, self.taken = (seed, epoch, index), 0
        self._generator: np.random.Generator | None = None

    @property
    def generator(self) -> np.random.Generator:
        if self._generator is None:
            self._generator = np.random.Generator(np.random.PCG64(seed_sequence(SAMPLE, *self.key)))
        return self._generator


def uniforms(rngs: Sequence[SampleRNG]) -> np.ndarray:
    """The next number in [0, 1) of each sample (N,), of 53 bits: all at once, where a generator each would cost more.

    Number k of a sample is SplitMix64's (Steele, Lea and Flood 2014), started from a hash of (seed, epoch, index).
    """
    counts = np.empty(len(rngs), np.uint64)
    for i, rng in enumerate(rngs):  # the same generator may stand for several samples
        rng.taken += 1
        counts[i] = rng.taken
    seed, epoch, index = np.array([rng.key for rng in rngs], np.uint64).reshape(-1, 3).T
    start = _mix(_mix(_mix(seed + _STEP) ^ epoch) ^ index)
    return (_mix(start + counts * _STEP) >> np.uint64(11)) * 2.0**-53


_STEP = np.uint64(0x9E3779B97F4A7C15)


def _mix(x: np.ndarray) -> np.ndarray:
    """SplitMix64's mixing of 64 bits."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@contextmanager
def batch_of(rngs: Sequence[SampleRNG]) -> Iterator[None]:
    """Within it, `batch_rngs()` in this thread gives `rngs`."""
    before = getattr(_local, "batch", None)
    _local.batch = rngs
    try:
        yield
    finally:
        _local.batch = before


@contextmanager
def sample_of(rng: SampleRNG) -> Iterator[None]:
    """Within it, `sample_rng()` in this thread gives the generator of `rng`."""
    before = getattr(_local, "sample", None)
    _local.sample = rng
    try:
        yield
    finally:
        _local.sample = before


def batch_rngs(count: int) -> Sequence[SampleRNG]:
    """The generators of the batch being read in this thread; outside a loader, those of one stream."""
    rngs = getattr(_local, "batch", None)
    return rngs if rngs is not None and len(rngs) == count else [current()] * count


def sample_rng() -> np.random.Generator:
    """The NumPy generator of the sample being read in this thread, for random work in a dataset.

    In a DataLoader it depends on (seed, epoch, index) alone. Outside one it is a stream of this thread that
    starts from seed 0.
    """
    return current().generator


def current() -> SampleRNG:
    """What `sample_rng` draws from."""
    rng = getattr(_local, "sample", None)
    if rng is None:
        if not hasattr(_local, "fallback"):
            _local.fallback = SampleRNG(0, 0, 0)
        rng = _local.fallback
    return rng
