"""Matrix products: squares in all four transposes, batches, and the linear layers of networks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import gemm as plain
from ..case import Case, Work, nbytes, normal
from ..shapes import LINEAR, SQUARE, Product


def _matmul(p: Product, transposed: tuple[bool, bool], rng: np.random.Generator) -> Work:
    a = normal(rng, p.k, p.m).T if transposed[0] else normal(rng, p.m, p.k)
    b = normal(rng, p.n, p.k).T if transposed[1] else normal(rng, p.k, p.n)
    kernel = kernels(a).matmul
    size = nbytes(a, b) + 4 * p.m * p.n
    return Work(lambda: kernel(a, b), plain.matmul(a, b), size, 2 * p.m * p.k * p.n)


def _batch(rng: np.random.Generator) -> Work:
    a, b = normal(rng, 64, 128, 64), normal(rng, 64, 64, 128)
    kernel = kernels(a).matmul
    return Work(lambda: kernel(a, b), plain.matmul(a, b), nbytes(a, b) + 4 * 64 * 128 * 128, 2 * 64 * 128 * 64 * 128)


def _linear(p: Product, relu: bool, rng: np.random.Generator) -> Work:
    x, w, bias = normal(rng, p.m, p.k), normal(rng, p.n, p.k), normal(rng, p.n)
    kernel = kernels(x).linear
    size = nbytes(x, w, bias) + 4 * p.m * p.n
    return Work(lambda: kernel(x, w, bias, relu), plain.linear(x, w, bias, relu), size, 2 * p.m * p.k * p.n)


def cases() -> Iterator[Case]:
    for p in SQUARE:
        for a in (False, True):
            for b in (False, True):
                label = f"a{'ᵀ' if a else ''} b{'ᵀ' if b else ''}"
                yield Case("gemm", label, f"{p.name}³", p.short, partial(_matmul, p, (a, b)))
    yield Case("gemm", "batched a b", "64 × (128, 64, 128)", True, _batch)
    for p in LINEAR:
        label = f"{p.name} ({p.m}, {p.k}→{p.n})"
        yield Case("gemm", "linear", label, p.short, partial(_linear, p, False))
        yield Case("gemm", "linear + relu", label, p.short, partial(_linear, p, True))
