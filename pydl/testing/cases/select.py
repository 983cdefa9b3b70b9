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


APART = [
    (0, slice(None), np.array([3, 0])), (np.array([1, 0]), slice(None), 2), (slice(None), np.array([2, 0]), None, 1),
    (1, None, np.array([1, 0])), (slice(None), np.array([[0, 2], [1, 3]]), slice(0, 1), -1),
]  # fmt: skip
TWICE = [(0, slice(None), np.array([3, 0, 3])), (slice(None), np.array([[0, 2], [1, 1]]), slice(1, None, 2), -1)]


def _of_parts(rng: np.random.Generator, index: tuple) -> Sample:
    """An array to be indexed by integers apart from arrays, and the parts of the index by name."""
    shape = (2, 4, 3, 2) if len(index) == 4 else (2, 3, 4)
    return Sample((rng.standard_normal(shape),), {f"part{i}": part for i, part in enumerate(index)})


def apart_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for index in [*APART, *TWICE]:
        yield _of_parts(rng, index)


def put_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for index in APART:
        sample = _of_parts(rng, index)
        shape = _at_reference(*sample.args, **sample.kwargs).shape
        for value_shape in (shape, shape[1:]):
            yield Sample((*sample.args, rng.standard_normal(value_shape)), sample.kwargs)


def _at(x: Tensor, **parts: Any) -> Tensor:
    return ops.getitem(x, tuple(parts.values()))


def _selected(x: np.ndarray, index: tuple) -> tuple[np.ndarray, tuple]:
    """A view of x without the dimensions of the integers, and what is left of the index."""
    whole = tuple(part if isinstance(part, int) else slice(None) for part in index if part is not None)
    return x[whole], tuple(part for part in index if not isinstance(part, int))


def _at_reference(x: np.ndarray, **parts: Any) -> np.ndarray:
    view, index = _selected(x, tuple(parts.values()))
    return view[index]


def _put(x: Tensor, value: Tensor, **parts: Any) -> Tensor:
    return _set(x, value, tuple(parts.values()))


def _put_reference(x: np.ndarray, value: np.ndarray, **parts: Any) -> np.ndarray:
    y = x.copy()
    view, index = _selected(y, tuple(parts.values()))
    view[index] = value
    return y


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
    Op("getitem_apart", _at, _at_reference, apart_samples),
    Op("setitem_apart", _put, _put_reference, put_samples),
    Op("gather", ops.gather, lambda x, dim, index: np.take_along_axis(x, index, dim), gather_samples),
    Op("index_select", ops.index_select, lambda x, dim, index: np.take(x, index, dim),
       lambda rng: [Sample((rng.standard_normal((3, 4)),), {"dim": d, "index": np.array([2, 0, 2])}) for d in (0, 1)]),
    Op("where", ops.where, np.where, where_samples),
    Op("masked_fill", lambda x, mask: ops.masked_fill(x, mask, 0.5), lambda x, mask: np.where(mask, 0.5, x),
       lambda rng: [Sample((rng.standard_normal((3, 4)), rng.random((3, 4)) > 0.5))]),
]  # fmt: skip
