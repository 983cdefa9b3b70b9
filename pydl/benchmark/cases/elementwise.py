"""Functions of one and two operands, and broadcasting."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...backend import kernels
from ..baselines import elementwise as plain
from ..case import Case, Work, nbytes
from ..shapes import LENGTHS

POSITIVE = {"sqrt", "reciprocal", "log", "log1p", "div", "pow"}
OPTIONS = {
    "leaky_relu": (0.2,), "elu": (1.0,), "clamp": (-1.0, 1.0), "softplus": (1.0, 20.0),
    "leaky_relu_grad": (0.2,), "elu_grad": (1.0,), "clamp_grad": (-1.0, 1.0), "softplus_grad": (1.0, 20.0),
}  # fmt: skip


def _operand(rng: np.random.Generator, name: str, *shape: int) -> np.ndarray:
    x = rng.uniform(0.1 if name in POSITIVE else -3.0, 3.0, shape)
    return x.astype(np.float32)


def _unary(name: str, n: int, rng: np.random.Generator) -> Work:
    x = _operand(rng, name, n)
    y, z = np.empty_like(x), np.empty_like(x)
    kernel, options = getattr(kernels(x), name), OPTIONS.get(name, ())
    return Work(lambda: kernel(x, *options, out=y), plain.unary(name, x, z), nbytes(x, y))


def _binary(name: str, first: tuple[int, ...], second: tuple[int, ...], rng: np.random.Generator) -> Work:
    a, b = _operand(rng, name, *first), _operand(rng, name, *second)
    y, z = np.empty_like(a), np.empty_like(a)
    kernel, options = getattr(kernels(a), name), OPTIONS.get(name, ())
    return Work(lambda: kernel(a, b, *options, out=y), plain.binary(name, a, b, z), nbytes(a, b, y))


def cases() -> Iterator[Case]:
    for length in LENGTHS:
        for name in plain.UNARY:
            yield Case("unary", name, length.name, length.short, partial(_unary, name, length.n))
        for name in plain.BINARY:
            yield Case("binary", name, length.name, length.short, partial(_binary, name, (length.n,), (length.n,)))
    images, channels = (32, 64, 32, 32), (1, 64, 1, 1)
    yield Case("binary", "add", "bias of (32, 64, 32, 32)", True, partial(_binary, "add", images, channels))
    yield Case("binary", "mul", "row of (1024, 1024)", False, partial(_binary, "mul", (1024, 1024), (1024,)))
