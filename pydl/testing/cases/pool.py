"""Pooling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample

Generator = np.random.Generator

WINDOWS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 6, 8), {"kernel_size": 2}),
    ((1, 2, 7, 7), {"kernel_size": 3, "stride": 2, "padding": 1}),
    ((2, 1, 5, 9), {"kernel_size": (2, 3), "stride": (1, 2), "padding": (0, 1)}),
    ((3, 6, 6), {"kernel_size": 2, "stride": 1}),
    ((1, 1, 6, 6), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    ((2, 3, 2, 5), {"kernel_size": (3, 2), "stride": 2, "ceil_mode": True}),
    ((1, 2, 1, 2), {"kernel_size": 4, "stride": (5, 3), "padding": (0, 1), "ceil_mode": True}),
    ((0, 2, 4, 4), {"kernel_size": 2}),
]


def _distinct(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers far enough apart that a small step changes no order."""
    count = int(np.prod(shape))
    return (rng.permutation(count).reshape(shape) - count / 2) * 0.1


def samples(rng: Generator) -> Iterator[Sample]:
    for shape, window in WINDOWS:
        yield Sample((_distinct(rng, shape),), window)


def max_samples(rng: Generator) -> Iterator[Sample]:
    yield from samples(rng)
    yield Sample((_distinct(rng, (1, 2, 7, 8)),), {"kernel_size": 2, "dilation": 2})


def avg_samples(rng: Generator) -> Iterator[Sample]:
    yield from samples(rng)
    yield Sample((_distinct(rng, (1, 2, 5, 5)),), {"kernel_size": 3, "padding": 1, "count_include_pad": False})
    yield Sample((_distinct(rng, (1, 2, 5, 5)),), {"kernel_size": 2, "divisor_override": 3})


def _pair(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def _size(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    span = n + 2 * p - d * (k - 1) - 1
    size = (-(-span // s) if ceil_mode else span // s) + 1
    return size - 1 if ceil_mode and (size - 1) * s >= n + p else size


def windows(
    x: np.ndarray, reduce: Callable, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> np.ndarray:  # fmt: skip
    """reduce(elements inside the image, number of elements inside the padded image) of every window, one by one."""
    k, p, d = _pair(kernel_size), _pair(padding), _pair(dilation)
    s = k if stride is None else _pair(stride)
    h, w = x.shape[-2:]
    out = [_size(n, k[a], s[a], p[a], d[a], ceil_mode) for a, n in enumerate((h, w))]
    y = np.zeros((*x.shape[:-2], *out))
    for i in range(out[0]):
        for j in range(out[1]):
            rows = [i * s[0] - p[0] + t * d[0] for t in range(k[0])]
            columns = [j * s[1] - p[1] + t * d[1] for t in range(k[1])]
            padded = sum(r < h + p[0] for r in rows) * sum(c < w + p[1] for c in columns)
            inside = np.ix_([r for r in rows if 0 <= r < h], [c for c in columns if 0 <= c < w])
            y[..., i, j] = reduce(x[..., inside[0], inside[1]], padded)
    return y


def _max(x: np.ndarray, **window: Any) -> np.ndarray:
    return windows(x, lambda v, n: v.max((-2, -1)), **window)


def _avg(
    x: np.ndarray, count_include_pad: bool = True, divisor_override: int | None = None, **window: Any
) -> np.ndarray:
    def reduce(v: np.ndarray, padded: int) -> np.ndarray:
        return v.sum((-2, -1)) / (divisor_override or (padded if count_include_pad else v.shape[-1] * v.shape[-2]))

    return windows(x, reduce, **window)


def _sum(x: np.ndarray, **window: Any) -> np.ndarray:
    return windows(x, lambda v, n: v.sum((-2, -1)), **window)


def _adaptive(x: np.ndarray, output_size: Any) -> np.ndarray:
    h, w = x.shape[-2:]
    rows, columns = _pair(output_size)
    y = np.zeros((*x.shape[:-2], rows, columns))
    for i in range(rows):
        for j in range(columns):
            cell = x[..., i * h // rows : -(-(i + 1) * h // rows), j * w // columns : -(-(j + 1) * w // columns)]
            y[..., i, j] = cell.mean((-2, -1))
    return y


def adaptive_samples(rng: Generator) -> Iterator[Sample]:
    for shape, size in (((2, 3, 6, 4), 1), ((2, 3, 6, 4), (3, 2)), ((1, 2, 7, 5), (3, 2)), ((1, 2, 3, 5), (7, 2))):
        yield Sample((rng.standard_normal(shape),), {"output_size": size})


OPS = [
    Op("max_pool2d", ops.max_pool2d, _max, max_samples),
    Op("avg_pool2d", ops.avg_pool2d, _avg, avg_samples, bound=_avg),
    Op("sum_pool2d", ops.sum_pool2d, _sum, samples, bound=_sum),
    Op("adaptive_avg_pool2d", ops.adaptive_avg_pool2d, _adaptive, adaptive_samples, bound=_adaptive),
]
