"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ... import ops
from ...creation import tensor
from ...tensor import Tensor
from ..table import Op, Sample

Statistics = tuple[tuple[float, ...], tuple[float, ...]]

SHAPES = [(5, 3), (4, 2, 6), (3, 2, 4, 5), (2, 3, 1, 1)]


def samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape in SHAPES:
        c = shape[1]
        yield Sample((rng.standard_normal(shape) * 2 + 1, rng.uniform(0.5, 2, c), rng.standard_normal(c)))


def eval_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for sample in samples(rng):
        c = sample.args[0].shape[1]
        statistics = tuple(rng.standard_normal(c)), tuple(rng.uniform(0.5, 2, c))
        yield Sample(sample.args, {"statistics": statistics})


def _train(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return ops.batch_norm(x, None, None, weight, bias, training=True, eps=1e-3)


def _eval(x: Tensor, weight: Tensor, bias: Tensor, statistics: Statistics) -> Tensor:
    mean, var = (tensor(s, dtype=x.dtype) for s in statistics)
    return ops.batch_norm(x, mean, var, weight, bias, eps=1e-3)


def _column(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


def _reference(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, statistics: Statistics | None = None) -> np.ndarray:
    dims = (0, *range(2, x.ndim))
    mean, var = (x.mean(dims), x.var(dims)) if statistics is None else map(np.asarray, statistics)
    return (x - _column(mean, x)) / np.sqrt(_column(var, x) + 1e-3) * _column(weight, x) + _column(bias, x)


def _magnitude(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, statistics: Statistics | None = None) -> np.ndarray:
    """(|x| + |mean|) / deviation · |weight| + |bias|; without statistics, of the smallest deviation there could be."""
    if statistics is None:
        size, var = x + x.max(), np.full(x.shape[1], 1e-3)
    else:
        size, var = x + _column(np.abs(statistics[0]), x), np.asarray(statistics[1])
    return size / np.sqrt(_column(var, x) + 1e-3) * _column(weight, x) + _column(bias, x)


def response_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, size in (((2, 7, 3, 4), 5), ((3, 4), 2), ((1, 2, 5), 3), ((0, 3, 2), 3)):
        yield Sample((rng.standard_normal(shape),), {"size": size, "alpha": 0.5, "k": 2.0})


def _response(x: np.ndarray, size: int, alpha: float, k: float) -> np.ndarray:
    y = np.empty(x.shape)
    for c in range(x.shape[1]):
        near = x[:, max(0, c - size // 2) : c + (size - 1) // 2 + 1]
        y[:, c] = x[:, c] / (k + alpha * (near**2).sum(1) / size) ** 0.75
    return y


OPS = [
    Op("batch_norm_train", _train, _reference, samples, bound=_magnitude),
    Op("batch_norm_eval", _eval, _reference, eval_samples, bound=_magnitude),
    Op("local_response_norm", ops.local_response_norm, _response, response_samples),
]
