"""softmax and its relatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample


def samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, dim in (((5,), 0), ((3, 4), 1), ((3, 4), 0), ((2, 5, 3), 1), ((4, 37), -1), ((0, 3), 1)):
        yield Sample((rng.standard_normal(shape) * 2,), {"dim": dim})


def _softmax(x: np.ndarray, dim: int) -> np.ndarray:
    e = np.exp(x - x.max(axis=dim, keepdims=True))
    return e / e.sum(axis=dim, keepdims=True)


def _log_softmax(x: np.ndarray, dim: int) -> np.ndarray:
    return x - np.log(np.exp(x).sum(axis=dim, keepdims=True))


def _magnitude(x: np.ndarray, dim: int) -> np.ndarray:
    return 2 * x + np.log(np.exp(x).sum(axis=dim, keepdims=True))


def sums(rng: np.random.Generator) -> Iterator[Sample]:
    for sample in samples(rng):
        yield sample
        yield Sample(sample.args, {**sample.kwargs, "keepdim": True})
    yield Sample((rng.standard_normal((3, 4)),), {"dim": (0, 1)})


def _logsumexp(x: np.ndarray, dim: Any, keepdim: bool = False) -> np.ndarray:
    return np.log(np.exp(x).sum(axis=dim, keepdims=keepdim))


OPS = [
    Op("softmax", ops.softmax, _softmax, samples, tolerance=24 * 2.0**-24),
    Op("log_softmax", ops.log_softmax, _log_softmax, samples, bound=_magnitude),
    Op("logsumexp", ops.logsumexp, _logsumexp, sums, bound=lambda x, **k: 1 + _logsumexp(x, **k)),
]
