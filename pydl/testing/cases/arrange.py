"""Sorting, running sums, scattering, triangles, and products and mixtures of two tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample

Generator = np.random.Generator


def _distinct(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.permutation(np.arange(np.prod(shape)) / 4 - 2.0).reshape(shape)


def _options(*options: dict[str, Any]) -> Callable[[Generator], Iterator[Sample]]:
    def samples(rng: Generator) -> Iterator[Sample]:
        for option in options:
            for shape in ((3, 4), (2, 3, 3)):
                yield Sample((_distinct(rng, shape),), option)

    return samples


def _pairs(*shapes: tuple) -> Callable[[Generator], Iterator[Sample]]:
    def samples(rng: Generator) -> Iterator[Sample]:
        for pair in shapes:
            yield Sample(tuple(rng.standard_normal(shape) for shape in pair))

    return samples


def _cumsum(x: np.ndarray, dim: int) -> np.ndarray:
    y = np.moveaxis(x, dim, 0).copy()
    for i in range(1, len(y)):
        y[i] += y[i - 1]
    return np.moveaxis(y, 0, dim)


def _sort(x: np.ndarray, dim: int = -1, descending: bool = False) -> list[np.ndarray]:
    order = np.argsort(-x if descending else x, axis=dim)
    return [np.take_along_axis(x, order, dim), order]


def _topk(x: np.ndarray, k: int, dim: int = -1, largest: bool = True) -> list[np.ndarray]:
    return [np.take(part, range(k), dim) for part in _sort(x, dim, largest)]


def _scatter_samples(rng: Generator) -> Iterator[Sample]:
    for dim, shape in ((0, (2, 4)), (1, (3, 3))):
        index = np.stack([rng.permutation((3, 4)[dim])[: shape[dim]] for _ in range(shape[1 - dim])], 1 - dim)
        x, src = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
        yield Sample((x,), {"dim": dim, "index": index, "src": 2.5})
        yield Sample((x, src), {"dim": dim, "index": index})


def _put(add: bool) -> Callable[..., np.ndarray]:
    def reference(x: np.ndarray, src: Any, index: np.ndarray, dim: int) -> np.ndarray:
        y = x.copy()
        for at in np.ndindex(index.shape):
            to = tuple(index[at] if i == dim else n for i, n in enumerate(at))
            value = src if np.ndim(src) == 0 else src[at]
            y[to] = y[to] + value if add else value
        return y

    return reference


def _add_samples(rng: Generator) -> Iterator[Sample]:
    for dim, shape in ((0, (5, 4)), (1, (3, 6))):
        index = rng.integers(0, (3, 4)[dim], shape)
        yield Sample((rng.standard_normal((3, 4)), rng.standard_normal(shape)), {"dim": dim, "index": index})


OPS = [
    Op("cumsum", ops.cumsum, _cumsum, _options({"dim": 0}, {"dim": -1}), bound=_cumsum),
    Op("sort", ops.sort, _sort, _options({}, {"dim": 0, "descending": True})),
    Op("topk", ops.topk, _topk, _options({"k": 2}, {"k": 1, "dim": 0, "largest": False})),
    Op("scatter", lambda x, src, dim, index: ops.scatter(x, dim, index, src), _put(False), _scatter_samples),
    Op("scatter_add", lambda x, src, dim, index: ops.scatter_add(x, dim, index, src), _put(True), _add_samples,
       bound=_put(True)),
    Op("triu", ops.triu, lambda x, diagonal: np.triu(x, diagonal), _options({"diagonal": 0}, {"diagonal": 1})),
    Op("tril", ops.tril, lambda x, diagonal: np.tril(x, diagonal), _options({"diagonal": 0}, {"diagonal": -1})),
    Op("outer", ops.outer, np.outer, _pairs(((3,), (4,)), ((1,), (2,)))),
    Op("lerp", ops.lerp, lambda x, y, w: x + w * (y - x), _pairs(((3, 4),) * 3, ((3, 1), (4,), ())),
       bound=lambda x, y, w: x + w * (y + x)),
]  # fmt: skip
