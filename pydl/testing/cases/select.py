"""Indexing, gathering and choosing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import ops
from ...ops.inplace import setitem
from ...tensor import Tensor
from ..table import Op, Sample

INDICES = [
    1, slice(None, None, 2), (slice(None), 1), (Ellipsis, None, 2), (slice(1, 3), slice(None, None, -1)),
    np.array([2, 0, 2]), (np.array([0, 1, 0]), np.array([3, 3, 0])), (slice(None), np.array([[0, 3], [1, 1]])),
]  # fmt: skip


def getitem_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for index in INDICES:
        yield Sample((rng.standard_normal((3, 4)),), {"index": index})
    x = rng.standard_normal((3, 4))
    yield Sample((x,), {"index": x > 0})


def _set(x: Tensor, value: Tensor, index: object) -> Tensor:
    y = x * 1.0
    setitem(y, index, value)
    return y


def _set_reference(x: np.ndarray, value: np.ndarray, index: Any) -> np.ndarray:
    y = x.copy()
    y[index] = value
    return y


def setitem_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for index in (1, (slice(None), 2), slice(0, 2), np.array([2, 0])):
        x = rng.standard_normal((3, 4))
        yield Sample((x, rng.standard_normal(x[index].shape)), {"index": index})
    yield Sample((rng.standard_normal((3, 4)), rng.standard_normal(())), {"index": slice(None)})


def gather_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for dim, shape in ((0, (2, 4)), (1, (3, 5)), (-1, (3, 1))):
        index = rng.integers(0, (3, 4)[dim], shape)
        yield Sample((rng.standard_normal((3, 4)),), {"dim": dim, "index": index})


def where_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for a, b, c in (((3, 4), (3, 4), (3, 4)), ((3, 1), (4,), ()), ((4,), (3, 4), (1, 4))):
        yield Sample((rng.random(a) > 0.5, np.asarray(rng.standard_normal(b)), np.asarray(rng.standard_normal(c))))


OPS = [
    Op("getitem", lambda x, index: ops.getitem(x, index), lambda x, index: x[index], getitem_samples),
    Op("setitem", _set, _set_reference, setitem_samples),
    Op("gather", ops.gather, lambda x, dim, index: np.take_along_axis(x, index, dim), gather_samples),
    Op("index_select", ops.index_select, lambda x, dim, index: np.take(x, index, dim),
       lambda rng: [Sample((rng.standard_normal((3, 4)),), {"dim": d, "index": np.array([2, 0, 2])}) for d in (0, 1)]),
    Op("where", ops.where, np.where, where_samples),
    Op("masked_fill", lambda x, mask: ops.masked_fill(x, mask, 0.5), lambda x, mask: np.where(mask, 0.5, x),
       lambda rng: [Sample((rng.standard_normal((3, 4)), rng.random((3, 4)) > 0.5))]),
]  # fmt: skip
