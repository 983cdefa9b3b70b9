"""Batch normalisation in training, in evaluation and backward, in both memory orders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import norm as plain
from ..case import Case, Work, agree_closely, nbytes, normal
from ..layout import LAYOUTS, images, in_layout
from ..shapes import BATCH_NORM, Rows

EPS = 1e-5
AGREE = agree_closely(1e-4)


def _view(x: np.ndarray, layout: str) -> np.ndarray:
    return x if x.ndim == 2 else images(x, layout)


def _operands(rows: Rows, layout: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, or rows where they have no height and width; weight and bias."""
    shape = (rows.n, rows.c) if rows.size == 1 else in_layout((rows.n, rows.c, rows.size, rows.size), layout)
    return normal(rng, *shape) + 0.5, normal(rng, rows.c) + 2, normal(rng, rows.c)


def _statistics(x: np.ndarray, layout: str) -> tuple[np.ndarray, np.ndarray]:
    image = _view(x, layout)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    return image.mean(axes), image.var(axes)


def _train(rows: Rows, layout: str, rng: np.random.Generator) -> Work:
    x, weight, bias = _operands(rows, layout, rng)
    kernel, image, theirs = (
        kernels(x).batch_norm_train,
        _view(x, layout),
        plain.batch_norm_train(x, layout, weight, bias, EPS),
    )

    def run() -> tuple[np.ndarray, ...]:
        y, mean, var = theirs()
        return _view(y, layout), mean, var

    return Work(lambda: kernel(image, weight, bias, EPS), run, nbytes(x, x), agree=AGREE)


def _eval(rows: Rows, layout: str, rng: np.random.Generator) -> Work:
    x, weight, bias = _operands(rows, layout, rng)
    mean, var = _statistics(x, layout)
    kernel, image = kernels(x).batch_norm_eval, _view(x, layout)
    theirs = plain.batch_norm_eval(x, layout, mean, var, weight, bias, EPS)
    return Work(
        lambda: kernel(image, mean, var, weight, bias, EPS), lambda: _view(theirs(), layout), nbytes(x, x), agree=AGREE
    )


def _grad(rows: Rows, layout: str, rng: np.random.Generator) -> Work:
    x, weight, _ = _operands(rows, layout, rng)
    g, (mean, var) = normal(rng, *x.shape), _statistics(x, layout)
    kernel, image, grad = kernels(x).batch_norm_grad, _view(x, layout), _view(g, layout)
    theirs = plain.batch_norm_grad(x, g, layout, mean, var, weight, EPS)

    def run() -> tuple[np.ndarray, ...]:
        dx, dweight, dbias = theirs()
        return _view(dx, layout), dweight, dbias

    return Work(lambda: kernel(image, grad, mean, var, weight, EPS, True), run, nbytes(x, g, x), agree=AGREE)


def cases() -> Iterator[Case]:
    for rows in BATCH_NORM:
        for layout in ("NC",) if rows.size == 1 else LAYOUTS:
            sides = f", {rows.size}²" if rows.size > 1 else ""
            label = f"{rows.name} ({rows.n}, {rows.c}{sides}) {layout}"
            for name, build in (("train", _train), ("eval", _eval), ("grad", _grad)):
                yield Case("norm", f"batch_norm {name}", label, rows.short, partial(build, rows, layout))
