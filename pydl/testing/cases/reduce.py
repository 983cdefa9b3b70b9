"""Reductions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from ... import ops
from ...tensor import Tensor
from ..table import Op, Sample

SHAPES_AND_DIMS: list[tuple[tuple[int, ...], Any]] = [
    ((), None), ((5,), None), ((5,), 0), ((3, 4), 1), ((3, 4), (0,)), ((2, 3, 4), (0, 2)), ((2, 5, 3, 3), (0, 2, 3)),
    ((4, 37), -1), ((37, 4), 0),
]  # fmt: skip


def samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, dim in SHAPES_AND_DIMS:
        for keepdim in (False, True):
            yield Sample((np.asarray(rng.standard_normal(shape)),), {"dim": dim, "keepdim": keepdim})


def samples_with_empty(rng: np.random.Generator) -> Iterator[Sample]:
    yield from samples(rng)
    yield Sample((np.zeros((0, 3)),), {"dim": 0})
    yield Sample((np.zeros((0, 3)),), {"dim": 1})


def prod_samples(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.standard_normal((4,)),))
    yield Sample((rng.standard_normal((3, 4)),), {"dim": 1})
    with_zero = rng.standard_normal((3, 4))
    with_zero[1, 2] = 0
    yield Sample((with_zero,), {"dim": 0, "keepdim": True})


def wide_samples(rng: np.random.Generator) -> Iterator[Sample]:
    """At least two elements along the reduced dimensions, as a variance needs."""
    for sample in samples(rng):
        if sample.args[0].ndim:
            yield sample


def _axis(dim: Any) -> Any:
    return tuple(dim) if isinstance(dim, (tuple, list)) else dim


def _reference(function: Any) -> Any:
    return lambda x, dim=None, keepdim=False: function(x, axis=_axis(dim), keepdims=keepdim)


ORDERS = (1, 3, 0.5, -1, np.inf, -np.inf)


def order_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for dim in (None, 1, (0, 2)):
        yield Sample((rng.standard_normal((2, 3, 4)),), {"dim": dim})


def _of_order(p: float, x: Tensor, **options: Any) -> Tensor:
    return ops.norm(x, p, **options)


def _order(p: float, x: np.ndarray, dim: Any) -> np.ndarray:
    if abs(p) == np.inf:
        return (np.max if p > 0 else np.min)(np.abs(x), axis=dim)
    return (np.abs(x) ** p).sum(axis=dim) ** (1 / p)


def _norm(x: np.ndarray, dim: Any = None, keepdim: bool = False) -> np.ndarray:
    return np.sqrt((x * x).sum(axis=_axis(dim), keepdims=keepdim))


OPS = [
    Op("sum", ops.sum, _reference(np.sum), samples_with_empty, bound=_reference(np.sum)),
    Op("mean", ops.mean, _reference(np.mean), samples, bound=_reference(np.mean)),
    Op("var", ops.var, lambda x, dim=None, keepdim=False: x.var(axis=_axis(dim), keepdims=keepdim, ddof=1),
       wide_samples, bound=lambda x, dim=None, keepdim=False: 4 * (x * x).mean(axis=_axis(dim), keepdims=keepdim)),
    Op("std", ops.std, lambda x, dim=None, keepdim=False: x.std(axis=_axis(dim), keepdims=keepdim, ddof=1),
       wide_samples, bound=lambda x, dim=None, keepdim=False: 4 * x.max(axis=_axis(dim), keepdims=keepdim)),
    *(Op(f"norm_{p}", partial(_of_order, p), partial(_order, p), order_samples) for p in ORDERS),
    Op("norm", lambda x, **k: ops.norm(x, 2, **k), _norm, samples),
    Op("amax", ops.amax, _reference(np.max), samples),
    Op("amin", ops.amin, _reference(np.min), samples),
    Op("prod", ops.prod, _reference(np.prod), prod_samples),
    Op("argmax", ops.argmax, lambda x, dim=None: np.argmax(x, axis=dim),
       lambda rng: [Sample((rng.standard_normal((3, 4)),), {"dim": d}) for d in (None, 0, 1)], smooth=0),
]  # fmt: skip
