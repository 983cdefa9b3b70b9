"""Convolutions of networks in all their passes, in both memory orders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import conv_planes, conv_rows
from ..case import Case, Work, agree_closely, nbytes, normal
from ..layout import LAYOUTS, images, in_layout
from ..shapes import CONV, CONV_TRANSPOSE, Conv

AGREE = agree_closely(1e-4)
PLAIN = {"NCHW": conv_planes, "NHWC": conv_rows}


def _operands(c: Conv, layout: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The input and the result's gradient in their layout, the weight, and twice the multiply-adds."""
    x = normal(rng, *in_layout((c.n, c.c, c.size, c.size), layout))
    g = normal(rng, *in_layout((c.n, c.o, c.out, c.out), layout))
    return x, g, normal(rng, c.o, c.c, c.kernel, c.kernel), 2 * g.size * c.c * c.kernel**2


def _forward(c: Conv, layout: str, rng: np.random.Generator) -> Work:
    x, g, w, flops = _operands(c, layout, rng)
    bias = normal(rng, c.o) if c.bias else None
    kernel, image = kernels(x).conv2d, images(x, layout)
    theirs = PLAIN[layout].conv2d(x, w, bias, c.stride, c.padding)
    return Work(
        lambda: kernel(image, w, bias, c.stride, c.padding),
        lambda: images(theirs(), layout),
        nbytes(x, w, g),
        flops,
        AGREE,
    )


def _transpose(c: Conv, layout: str, rng: np.random.Generator) -> Work:
    x, g, w, flops = _operands(c, layout, rng)
    kernel, image = kernels(x).conv_transpose2d, images(g, layout)
    extra = c.size + 2 * c.padding - c.kernel - (c.out - 1) * c.stride
    theirs = PLAIN[layout].conv_transpose2d(g, w, c.stride, c.padding, (c.size, c.size))
    return Work(
        lambda: kernel(image, w, None, c.stride, c.padding, extra),
        lambda: images(theirs(), layout),
        nbytes(x, w, g),
        flops,
        AGREE,
    )


def _weight_grad(c: Conv, layout: str, rng: np.random.Generator) -> Work:
    x, g, w, flops = _operands(c, layout, rng)
    kernel, image, grad = kernels(x).conv2d_weight_grad, images(x, layout), images(g, layout)
    theirs = PLAIN[layout].conv2d_weight_grad(x, g, c.kernel, c.stride, c.padding)
    return Work(lambda: kernel(image, grad, c.kernel, c.stride, c.padding), theirs, nbytes(x, w, g), flops, AGREE)


def _label(c: Conv, layout: str, transposed: bool = False) -> str:
    sides = (c.o, c.out, c.c) if transposed else (c.c, c.size, c.o)
    return f"{c.name} ({c.n}, {sides[0]}→{sides[2]}, {sides[1]}²) {c.kernel}×{c.kernel}/{c.stride} {layout}"


def cases() -> Iterator[Case]:
    for layout in LAYOUTS:
        for c in CONV:
            label = _label(c, layout)
            yield Case("conv", "conv2d", label, c.short, partial(_forward, c, layout))
            if not c.first:
                yield Case("conv", "conv2d input grad", label, c.short, partial(_transpose, c, layout))
            yield Case("conv", "conv2d weight grad", label, c.short, partial(_weight_grad, c, layout))
        for c in CONV_TRANSPOSE:
            yield Case("conv", "conv_transpose2d", _label(c, layout, True), c.short, partial(_transpose, c, layout))
