"""The softmax family over the rows of a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import softmax as plain
from ..case import Case, Work, nbytes, normal
from ..shapes import SOFTMAX, Rows

FORWARD = ("softmax", "log_softmax", "logsumexp")
BACKWARD = ("softmax_grad", "log_softmax_grad")


def _forward(name: str, rows: Rows, rng: np.random.Generator) -> Work:
    x = normal(rng, rows.n, rows.c)
    kernel = getattr(kernels(x), name)
    return Work(lambda: kernel(x, 1), getattr(plain, name)(x), nbytes(x) * (1 if name == "logsumexp" else 2))


def _backward(name: str, rows: Rows, rng: np.random.Generator) -> Work:
    x, g = normal(rng, rows.n, rows.c), normal(rng, rows.n, rows.c)
    y = getattr(plain, name.removesuffix("_grad"))(x)()
    kernel = getattr(kernels(x), name)
    return Work(lambda: kernel(y, g, 1), getattr(plain, name)(y, g), nbytes(x, y, g))


def cases() -> Iterator[Case]:
    for rows in SOFTMAX:
        label = f"{rows.name} ({rows.n}, {rows.c})"
        for name in FORWARD:
            yield Case("softmax", name, label, rows.short, partial(_forward, name, rows))
        for name in BACKWARD:
            yield Case("softmax", name, label, rows.short, partial(_backward, name, rows))
