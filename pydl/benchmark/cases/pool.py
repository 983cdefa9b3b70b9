"""Pooling forward and backward, in both memory orders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import pool as plain
from ..case import Case, Work, nbytes, normal
from ..layout import LAYOUTS, images, in_layout
from ..shapes import AVG_POOL, MAX_POOL, Pool


def _input(p: Pool, layout: str, rng: np.random.Generator) -> np.ndarray:
    return normal(rng, *in_layout((p.n, p.c, p.size, p.size), layout))


def _max(p: Pool, layout: str, rng: np.random.Generator) -> Work:
    x = _input(p, layout, rng)
    theirs = plain.max_pool2d(x, layout, p.kernel, p.stride, p.padding)
    kernel, image, window = kernels(x).max_pool2d, images(x, layout), (p.kernel, p.stride, p.padding, 1, False)
    return Work(
        lambda: kernel(image, *window), lambda: tuple(images(y, layout) for y in theirs()), nbytes(x, *theirs())
    )


def _max_grad(p: Pool, layout: str, rng: np.random.Generator) -> Work:
    x = _input(p, layout, rng)
    _, index = plain.max_pool2d(x, layout, p.kernel, p.stride, p.padding)()
    g = normal(rng, *index.shape)
    theirs = plain.max_pool2d_grad(g, index, x.shape, layout, p.kernel, p.stride, p.padding)
    kernel, grad, taken = kernels(x).max_pool2d_scatter, images(g, layout), images(index, layout)
    options = (p.size, p.size, p.kernel, p.stride, p.padding, 1, False)
    return Work(lambda: kernel(grad, taken, *options), lambda: images(theirs(), layout), nbytes(x, g, index))


def _avg(p: Pool, layout: str, rng: np.random.Generator) -> Work:
    x = _input(p, layout, rng)
    theirs = plain.avg_pool2d(x, layout, p.kernel, p.stride)
    kernel, image, options = kernels(x).avg_pool2d, images(x, layout), (p.kernel, p.stride, 0, False, True, None)
    return Work(lambda: kernel(image, *options), lambda: images(theirs(), layout), nbytes(x, theirs()))


def _avg_grad(p: Pool, layout: str, rng: np.random.Generator) -> Work:
    x = _input(p, layout, rng)
    g = normal(rng, *plain.avg_pool2d(x, layout, p.kernel, p.stride)().shape)
    theirs = plain.avg_pool2d_grad(g, x.shape, layout, p.kernel, p.stride)
    kernel, grad = kernels(g).avg_pool2d_scatter, images(g, layout)
    options = (p.size, p.size, p.kernel, p.stride, 0, False, True, None)
    return Work(lambda: kernel(grad, *options), lambda: images(theirs(), layout), nbytes(g, x))


def cases() -> Iterator[Case]:
    table = (("max_pool2d", MAX_POOL, _max, _max_grad), ("avg_pool2d", AVG_POOL, _avg, _avg_grad))
    for layout in LAYOUTS:
        for name, pools, forward, backward in table:
            for p in pools:
                label = f"{p.name} ({p.n}, {p.c}, {p.size}²) {p.kernel}×{p.kernel}/{p.stride} {layout}"
                yield Case("pool", name, label, p.short, partial(forward, p, layout))
                yield Case("pool", f"{name} grad", label, p.short, partial(backward, p, layout))
