"""Mean losses and their gradients."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import loss as plain
from ..case import Case, Work, nbytes, normal
from ..shapes import PAIRS, SOFTMAX, Rows

LOSSES = {"mse": "mse_loss", "bce_with_logits": "binary_cross_entropy_with_logits"}
ONE = np.ones((), np.float32)


def _pair(name: str, rows: Rows, grad: bool, rng: np.random.Generator) -> Work:
    shape = (rows.n, rows.c, rows.size, rows.size) if rows.size > 1 else (rows.n, rows.c)
    x, t = normal(rng, *shape), rng.random(shape, np.float32)
    kernel = getattr(kernels(x), LOSSES[name] + ("_grad" if grad else ""))
    if grad:
        theirs = getattr(plain, f"{name}_grad")(x, t)
        return Work(lambda: kernel(x, t, None, None, ONE, 1 / x.size), theirs, nbytes(x, t, x))
    return Work(lambda: kernel(x, t, None, None, "mean"), getattr(plain, name)(x, t), nbytes(x, t))


def _classes(rows: Rows, grad: bool, rng: np.random.Generator) -> Work:
    x, target = normal(rng, rows.n, rows.c), rng.integers(0, rows.c, rows.n)
    module = kernels(x)
    if grad:
        return Work(
            lambda: module.cross_entropy_grad(x, target, None, -100, 0.0, ONE, 1 / rows.n),
            plain.cross_entropy_grad(x, target),
            nbytes(x, x, target),
        )
    return Work(
        lambda: module.cross_entropy(x, target, None, -100, "mean", 0.0)[0],
        plain.cross_entropy(x, target),
        nbytes(x, target),
    )


def cases() -> Iterator[Case]:
    for grad in (False, True):
        suffix = " grad" if grad else ""
        for rows in PAIRS:
            sides = f", {rows.size}²" if rows.size > 1 else ""
            label = f"{rows.name} ({rows.n}, {rows.c}{sides})"
            for name in LOSSES:
                yield Case("loss", name + suffix, label, rows.short, partial(_pair, name, rows, grad))
        for rows in SOFTMAX:
            label = f"{rows.name} ({rows.n}, {rows.c})"
            yield Case("loss", "cross_entropy" + suffix, label, rows.short, partial(_classes, rows, grad))
