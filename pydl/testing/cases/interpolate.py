"""Interpolation, one axis after the other and one place at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample

OPTIONS: list[dict[str, Any]] = [{"scale_factor": 2}, {"scale_factor": (1.5, 0.7)}, {"size": (5, 7)}, {"size": (2, 1)}]


def samples(rng: np.random.Generator) -> Iterator[Sample]:
    for options in OPTIONS:
        yield Sample((rng.standard_normal((2, 2, 3, 4)),), options)
    yield Sample((rng.standard_normal((0, 2, 3, 4)),), {"size": (6, 8)})


def nearest_samples(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.standard_normal((2, 3, 4)),), {"scale_factor": 2})
    yield Sample((rng.standard_normal((2, 2, 3, 4)),), {"scale_factor": (1, 3)})
    yield Sample((rng.standard_normal((2, 2, 3, 4)),), {"size": 2})
    yield from samples(rng)


def aligned_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for sample in samples(rng):
        yield Sample(sample.args, {**sample.kwargs, "align_corners": False})
        yield Sample(sample.args, {**sample.kwargs, "align_corners": True})


def linear_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for align_corners in (False, True):
        yield Sample((rng.standard_normal((2, 2, 4)),), {"size": 7, "align_corners": align_corners})
        yield Sample((rng.standard_normal((2, 2, 4)),), {"scale_factor": 2.5, "align_corners": align_corners})


def trilinear_samples(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.standard_normal((1, 2, 2, 3, 2)),), {"scale_factor": 2})
    yield Sample((rng.standard_normal((1, 1, 2, 3, 2)),), {"size": (3, 2, 4), "align_corners": True})


def _of_axis(given: Any, axis: int) -> Any:
    return given[axis] if isinstance(given, tuple) else given


def _linear(line: np.ndarray, point: float) -> np.ndarray:
    n = len(line)
    point = min(max(point, 0.0), n - 1.0)
    low = int(point)
    return line[low] * (1 - (point - low)) + line[min(low + 1, n - 1)] * (point - low)


def _cubic(line: np.ndarray, point: float) -> np.ndarray:
    low, a, total = math.floor(point), -0.75, np.zeros_like(line[0])
    for place in range(low - 1, low + 3):
        d = abs(point - place)
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        total += line[min(max(place, 0), len(line) - 1)] * (near if d <= 1 else a * (d**3 - 5 * d**2 + 8 * d - 4))
    return total


def _magnitude_cubic(line: np.ndarray, point: float) -> np.ndarray:
    low = math.floor(point)
    return 2 * sum(line[min(max(place, 0), len(line) - 1)] for place in range(low - 1, low + 3))


def _nearest(line: np.ndarray, point: float) -> np.ndarray:
    return line[min(math.floor(point), len(line) - 1)]


def interpolated(pick: Callable[[np.ndarray, float], np.ndarray], centre: float, shift: float) -> Callable:
    """A reference whose place i of an axis is pick(line, (i + centre) · step - shift)."""

    def reference(x: np.ndarray, size: Any = None, scale_factor: Any = None, align_corners: bool = False) -> np.ndarray:
        for axis in range(x.ndim - 2):
            line = np.moveaxis(x, 2 + axis, 0)
            n, scale = len(line), _of_axis(scale_factor, axis)
            new = int(n * scale) if size is None else _of_axis(size, axis)
            step = n / new if size is not None else 1 / scale
            if align_corners:
                points = [i * (n - 1) / max(new - 1, 1) for i in range(new)]
            else:
                points = [(i + centre) * step - shift for i in range(new)]
            x = np.moveaxis(np.stack([pick(line, p) for p in points]), 0, 2 + axis)
        return x

    return reference


def _mode(name: str) -> Callable:
    return lambda x, **options: ops.interpolate(x, mode=name, **options)


def _area(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    for axis in (2, 3):
        line, new = np.moveaxis(x, axis, 0), size[axis - 2]
        n = len(line)
        means = [line[i * n // new : -(-(i + 1) * n // new)].mean(0) for i in range(new)]
        x = np.moveaxis(np.stack(means), 0, axis)
    return x


def area_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for size in ((2, 3), (3, 2), (4, 8)):
        yield Sample((rng.standard_normal((2, 2, 4, 6)),), {"size": size})


LINEAR = interpolated(_linear, 0.5, 0.5)
OPS = [
    Op("interpolate_nearest", ops.interpolate, interpolated(_nearest, 0.0, 0.0), nearest_samples),
    Op("interpolate_nearest_exact", _mode("nearest-exact"), interpolated(_nearest, 0.5, 0.0), samples),
    Op("interpolate_linear", _mode("linear"), LINEAR, linear_samples, bound=LINEAR),
    Op("interpolate_bilinear", _mode("bilinear"), LINEAR, aligned_samples, bound=LINEAR),
    Op("interpolate_trilinear", _mode("trilinear"), LINEAR, trilinear_samples, bound=LINEAR),
    Op("interpolate_bicubic", _mode("bicubic"), interpolated(_cubic, 0.5, 0.5), aligned_samples,
       bound=interpolated(_magnitude_cubic, 0.5, 0.5)),
    Op("interpolate_area", _mode("area"), _area, area_samples, bound=_area),
]  # fmt: skip
