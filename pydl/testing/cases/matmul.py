"""Matrix products."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ... import ops
from ..table import Op, Sample

PRODUCTS: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((2, 3), (3, 4)), ((1, 1), (1, 1)), ((7, 33), (33, 17)), ((3,), (3,)), ((3,), (3, 2)), ((4, 3), (3,)),
    ((2, 4, 3), (3, 2)), ((2, 1, 2, 3), (3, 3, 2)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((9, 2, 2), (9, 2, 2)),
    ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0, 2, 3), (3, 4)),
]  # fmt: skip

INPUTS: list[tuple[int, ...]] = [(3,), (2, 3), (2, 2, 3), (0, 3), (1, 3)]


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.standard_normal(shape))


def products(rng: np.random.Generator) -> Iterator[Sample]:
    for a, b in PRODUCTS:
        yield Sample((_normal(rng, a), _normal(rng, b)))


def layers(rng: np.random.Generator) -> Iterator[Sample]:
    for shape in INPUTS:
        yield Sample((_normal(rng, shape), _normal(rng, (4, 3)), _normal(rng, (4,))))
    yield Sample((_normal(rng, (2, 40)), _normal(rng, (5, 40)), None))


def _linear(x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
    return x @ w.T + (0 if b is None else b)


def _linear_bound(x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
    return _linear(x, w, None if b is None else np.abs(b))


OPS = [
    Op("matmul", ops.matmul, np.matmul, products, bound=np.matmul),
    Op("linear", ops.linear, _linear, layers, bound=_linear_bound),
]
