"""Losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ...tensor import Tensor
from ..table import Op, Sample

Generator = np.random.Generator
SHAPES: list[tuple[int, ...]] = [(5,), (3, 4), (2, 3, 19)]


def pairs(low: float, high: float) -> Callable[[Generator], Iterator[Sample]]:
    def samples(rng: Generator) -> Iterator[Sample]:
        for shape in SHAPES:
            for reduction in ("mean", "sum", "none"):
                x = rng.uniform(low, high, shape)
                yield Sample((x, rng.uniform(0.1, 0.9, shape)), {"reduction": reduction})

    return samples


def _reduce(values: np.ndarray, reduction: str, total: float | None = None) -> np.ndarray:
    if reduction == "none":
        return values
    return values.sum() / (1 if reduction == "sum" else values.size if total is None else total)


def _elementwise(f: Callable) -> Callable:
    return lambda x, t, reduction: _reduce(f(x, t), reduction)


def _with_logits(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return (1 - t) * x + np.log1p(np.exp(-np.abs(x))) + np.maximum(-x, 0)


def _huber(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    d = np.abs(x - t)
    return np.where(d < 1, 0.5 * d * d, d - 0.5)


def class_samples(rng: Generator) -> Iterator[Sample]:
    for shape in ((4, 3), (2, 5, 3), (2, 3, 2, 2), (6,)):
        c = shape[0] if len(shape) == 1 else shape[1]
        target = np.asarray(rng.integers(0, c, (*shape[:1], *shape[2:]) if len(shape) > 1 else ()))
        x = rng.standard_normal(shape)
        for reduction in ("mean", "sum", "none"):
            yield Sample((x,), {"target": target, "reduction": reduction})
        weights = rng.uniform(0.5, 2, c)
        if target.ndim:
            target = target.copy()
            target.flat[0] = -100
        yield Sample((x,), {"target": target, "weight": tuple(weights)})


def smooth_samples(rng: Generator) -> Iterator[Sample]:
    for sample in class_samples(rng):
        yield Sample(sample.args, {**sample.kwargs, "label_smoothing": 0.1})


def _weights(x: Any, weight: Any) -> Any:
    if weight is None:
        return None
    return Tensor(np.asarray(weight), dtype=x.dtype)


def _cross_entropy(x: Tensor, target: Tensor, weight: Any = None, **options: Any) -> Tensor:
    return ops.cross_entropy(x, target, _weights(x, weight), **options)


def _nll(x: Tensor, target: Tensor, weight: Any = None, **options: Any) -> Tensor:
    return ops.nll_loss(x, target, _weights(x, weight), **options)


def _picked(
    log_p: np.ndarray, target: np.ndarray, weight: Any = None, reduction: str = "mean", label_smoothing: float = 0.0
) -> np.ndarray:
    """Every position on its own, with plain loops."""
    dim = 0 if log_p.ndim == 1 else 1
    rows = np.moveaxis(log_p, dim, -1)
    classes = rows.shape[-1]
    w = np.ones(classes) if weight is None else np.asarray(weight)
    values, total = np.zeros(target.shape), 0.0
    for at in np.ndindex(target.shape):
        if target[at] == -100:
            continue
        q = np.full(classes, label_smoothing / classes)
        q[target[at]] += 1 - label_smoothing
        values[at] = -(q * w * rows[at]).sum()
        total += w[target[at]]
    return _reduce(values, reduction, total)


def _cross_entropy_reference(x: np.ndarray, target: np.ndarray, **options: Any) -> np.ndarray:
    dim = 0 if x.ndim == 1 else 1
    return _picked(x - np.log(np.exp(x).sum(axis=dim, keepdims=True)), target, **options)


def _soft_samples(rng: Generator) -> Iterator[Sample]:
    for shape in ((4, 3), (2, 5, 3)):
        yield Sample((rng.standard_normal(shape), rng.uniform(0.1, 1, shape)))


def _soft_reference(x: np.ndarray, q: np.ndarray) -> np.ndarray:
    log_p = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return -(q * log_p).sum(axis=1).mean()


def _at_least_one(*args: Any, **kwargs: Any) -> np.ndarray:
    """Losses of a few units: rounding is measured against 8."""
    return np.asarray(8.0 * args[0].size)


OPS = [
    Op("mse_loss", ops.mse_loss, _elementwise(lambda x, t: (x - t) ** 2), pairs(-2, 2), bound=_at_least_one),
    Op("l1_loss", ops.l1_loss, _elementwise(lambda x, t: np.abs(x - t)), pairs(1.5, 3), bound=_at_least_one),
    Op("huber_loss", ops.huber_loss, _elementwise(_huber), pairs(2.5, 4), bound=_at_least_one),
    Op("smooth_l1_loss", ops.smooth_l1_loss, _elementwise(_huber), pairs(0.1, 0.9), bound=_at_least_one),
    Op("binary_cross_entropy", ops.binary_cross_entropy,
       _elementwise(lambda p, t: -(t * np.log(p) + (1 - t) * np.log(1 - p))), pairs(0.1, 0.9), bound=_at_least_one),
    Op("binary_cross_entropy_with_logits", ops.binary_cross_entropy_with_logits, _elementwise(_with_logits),
       pairs(-3, 3), bound=_at_least_one),
    Op("cross_entropy", _cross_entropy, _cross_entropy_reference, class_samples, bound=_at_least_one),
    Op("cross_entropy_smoothed", _cross_entropy, _cross_entropy_reference, smooth_samples, bound=_at_least_one),
    Op("cross_entropy_probabilities", ops.cross_entropy, _soft_reference, _soft_samples, bound=_at_least_one),
    Op("nll_loss", _nll, _picked, class_samples, bound=_at_least_one),
]  # fmt: skip
