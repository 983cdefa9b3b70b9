"""Reductions over everything, over rows, over columns and to channels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import reduce as plain
from ..case import Case, Work, agree_closely, nbytes, normal

Axes = tuple[int, ...] | None
NAMES = ("sum", "mean", "prod", "amax", "amin", "sum_squares", "argmax", "argmin")
OVER: dict[str, tuple[tuple[int, ...], Axes]] = {
    "1 Mi, all": ((1 << 20,), None),
    "1024², rows": ((1024, 1024), (1,)),
    "1024², columns": ((1024, 1024), (0,)),
    "(32, 64, 32, 32), channels": ((32, 64, 32, 32), (0, 2, 3)),
}


def _reduce(name: str, shape: tuple[int, ...], axes: Axes, rng: np.random.Generator) -> Work:
    x = normal(rng, *shape) + 1
    if name == "prod":
        x = rng.uniform(0.999, 1.001, shape).astype(np.float32)
    kernel = getattr(kernels(x), name)
    axis = axes[0] if axes and name.startswith("arg") else axes
    agree = agree_closely(5e-3 if name == "prod" else 1e-5)  # a million factors: the rounding of NumPy's adds up
    return Work(lambda: kernel(x, axis), plain.reduce(name, x, axes), nbytes(x), agree=agree)


def cases() -> Iterator[Case]:
    for label, (shape, axes) in OVER.items():
        for name in NAMES:
            if (name == "sum_squares" and axes) or (name.startswith("arg") and axes and len(axes) > 1):
                continue
            short = name in ("sum", "amax", "argmax") or axes is None
            yield Case("reduce", name, label, short, partial(_reduce, name, shape, axes))
    yield Case("reduce", "sum_to", "bias of (32, 64, 32, 32)", True, _sum_to)


def _sum_to(rng: np.random.Generator) -> Work:
    x = normal(rng, 32, 64, 32, 32) + 1
    kernel = kernels(x).sum_to
    return Work(lambda: kernel(x, (1, 64, 1, 1)), lambda: x.sum((0, 2, 3), keepdims=True), nbytes(x))
