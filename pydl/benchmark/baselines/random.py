"""Random numbers from NumPy's fastest bit generator, SFC64, and dropout made of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def _generator() -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(0))


def bits(n: int) -> Callable[[], Array]:
    """n words of 32 bits."""
    rng = _generator()
    return lambda: np.frombuffer(rng.bytes(4 * n), np.uint32)


def uniform(n: int) -> Callable[[], Array]:
    rng, y = _generator(), np.empty(n, np.float32)
    return lambda: rng.random(out=y, dtype=np.float32)


def normal(n: int) -> Callable[[], Array]:
    rng, y = _generator(), np.empty(n, np.float32)
    return lambda: rng.standard_normal(out=y, dtype=np.float32)


def randint(n: int, low: int, high: int) -> Callable[[], Array]:
    rng = _generator()
    return lambda: rng.integers(low, high, n)


def bernoulli(n: int, p: float) -> Callable[[], Array]:
    """Bytes, 1 with probability p."""
    rng, u, y = _generator(), np.empty(n, np.float32), np.empty(n, bool)

    def run() -> Array:
        rng.random(out=u, dtype=np.float32)
        return np.less(u, p, out=y).view(np.uint8)

    return run


def apply_mask(x: Array, mask: Array, scale: float) -> Callable[[], Array]:
    y = np.empty_like(x)

    def run() -> Array:
        np.multiply(x, mask, out=y)
        return np.multiply(y, scale, out=y)

    return run


def dropout(x: Array, p: float) -> Callable[[], Array]:
    """Draw a mask and apply it: elements are kept with probability 1 - p."""
    draw, y = bernoulli(x.size, 1 - p), np.empty_like(x)

    def run() -> Array:
        np.multiply(x, draw().reshape(x.shape), out=y)
        return np.multiply(y, 1 / (1 - p), out=y)

    return run
