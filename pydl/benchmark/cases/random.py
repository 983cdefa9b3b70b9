"""Random numbers and dropout. Both sides draw; they agree in mean and deviation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np

from ...backend import kernels
from ..baselines import random as plain
from ..case import Case, Work, agree_in_distribution, nbytes, normal
from ..shapes import LENGTHS

KEEP = 0.5


def _draw(name: str, n: int, rng: np.random.Generator) -> Work:
    kernel, blocks = getattr(kernels(np.empty(0)), name), count(0, n)
    ours, theirs, size = {
        "bits": (lambda: kernel(n, 1, next(blocks)), plain.bits(n), 4),
        "uniform": (lambda: kernel((n,), np.float32, 1, next(blocks)), plain.uniform(n), 4),
        "normal": (lambda: kernel((n,), np.float32, 1, next(blocks)), plain.normal(n), 4),
        "randint": (lambda: kernel((n,), 1, next(blocks), 0, 1000), plain.randint(n, 0, 1000), 8),
        "bernoulli": (lambda: kernel((n,), 1, next(blocks), KEEP), plain.bernoulli(n, KEEP), 1),
    }[name]
    return Work(ours, theirs, size * n, agree=agree_in_distribution)


def _apply_mask(n: int, rng: np.random.Generator) -> Work:
    x, mask = normal(rng, n), rng.integers(0, 2, n, np.uint8)
    kernel = kernels(x).apply_mask
    return Work(lambda: kernel(x, mask, 2.0), plain.apply_mask(x, mask, 2.0), nbytes(x, x, mask))


def _dropout(n: int, rng: np.random.Generator) -> Work:
    x = rng.random(n, np.float32)
    module, blocks = kernels(x), count(0, n)
    return Work(
        lambda: module.apply_mask(x, module.bernoulli((n,), 1, next(blocks), KEEP), 1 / KEEP),
        plain.dropout(x, 1 - KEEP),
        nbytes(x, x),
        agree=agree_in_distribution,
    )


def cases() -> Iterator[Case]:
    for length in LENGTHS:
        for name in ("bits", "uniform", "normal", "randint", "bernoulli"):
            yield Case("random", name, length.name, length.short, partial(_draw, name, length.n))
        for name, build in (("apply_mask", _apply_mask), ("dropout", _dropout)):
            yield Case("random", name, length.name, length.short, partial(build, length.n))
