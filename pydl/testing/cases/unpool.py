"""Pooling that tells where its elements came from, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample
from .pool import _distinct, _pair, max_samples, windows


def _places(x: np.ndarray) -> np.ndarray:
    """Every element's place in its image."""
    h, w = x.shape[-2:]
    return np.broadcast_to(np.arange(h * w, dtype=np.float64).reshape(h, w), x.shape)


def _flat(v: np.ndarray) -> np.ndarray:
    return v.reshape(*v.shape[:-2], v.shape[-2] * v.shape[-1])


def _with_places(x: np.ndarray, **window: Any) -> list[np.ndarray]:
    both = np.stack([x, _places(x)])

    def place(v: np.ndarray, n: int) -> np.ndarray:
        values, places = _flat(v)
        return np.take_along_axis(places, values.argmax(-1)[..., None], -1)[..., 0]

    largest = windows(x, lambda v, n: v.max((-2, -1)), **window)
    return [largest, windows(both, place, **window)[0].astype(np.int64)]


def _max_indexed(x: Any, **window: Any) -> Any:
    return ops.max_pool2d(x, return_indices=True, **window)


def _adaptive(x: np.ndarray, output_size: Any) -> list[np.ndarray]:
    (h, w), (rows, columns) = x.shape[-2:], _pair(output_size)
    values, taken = (np.zeros((*x.shape[:-2], rows, columns), kind) for kind in (np.float64, np.int64))
    for i in range(rows):
        for j in range(columns):
            cell = np.s_[..., i * h // rows : -(-(i + 1) * h // rows), j * w // columns : -(-(j + 1) * w // columns)]
            part, places = (_flat(v[cell]) for v in (x, _places(x)))
            values[..., i, j] = part.max(-1)
            taken[..., i, j] = np.take_along_axis(places, part.argmax(-1)[..., None], -1)[..., 0]
    return [values, taken]


def adaptive_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, size in (
        ((2, 3, 6, 4), 1),
        ((3, 6, 4), (3, 2)),
        ((1, 2, 7, 5), (3, 2)),
        ((0, 2, 5, 5), 2),
        ((2, 3, 5), (7, 2)),
    ):
        yield Sample((_distinct(rng, shape),), {"output_size": size})


def _unpool(x: np.ndarray, indices: Any, output_size: tuple[int, int], **window: Any) -> np.ndarray:
    y = np.zeros((*x.shape[:-2], *output_size))
    for at in np.ndindex(x.shape):
        place = int(indices[at])
        y[(*at[:-2], place // output_size[1], place % output_size[1])] = x[at]
    return y


def unpool_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, size in (((2, 2, 2, 3), (4, 6)), ((2, 3, 2), (7, 5)), ((0, 2, 2, 2), (4, 4))):
        count = shape[-2] * shape[-1]
        rows = [rng.permutation(size[0] * size[1])[:count] for _ in range(int(np.prod(shape[:-2])))]
        indices = np.array(rows, np.int64).reshape(shape)
        yield Sample((rng.standard_normal(shape), indices), {"kernel_size": 3, "stride": 2, "output_size": size})
    repeated = np.array([[[0, 5], [5, 5]]])
    options = {"kernel_size": 2, "output_size": (4, 4)}
    yield Sample((rng.standard_normal((1, 2, 2)), repeated), options)


OPS = [
    Op("max_pool2d_indices", _max_indexed, _with_places, max_samples),
    Op("adaptive_max_pool2d", lambda x, output_size: ops.adaptive_max_pool2d(x, output_size, True), _adaptive,
       adaptive_samples),
    Op("max_unpool2d", ops.max_unpool2d, _unpool, unpool_samples),
]  # fmt: skip
