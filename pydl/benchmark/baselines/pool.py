"""Pooling tap by tap: the taps of all windows are strided slices of the padded images.

Images are in a layout of layout.py, results as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

Array = np.ndarray


def _out(size: int, k: int, stride: int, padding: int) -> int:
    return (size + 2 * padding - k) // stride + 1


class _Windows:
    """The padded image and its taps, one slice each."""

    def __init__(self, shape: tuple[int, ...], layout: str, k: int, stride: int, padding: int, fill: float) -> None:
        self.k, self.stride, self.first = k, stride, layout.index("H")
        size, out, padded = (list(shape) for _ in range(3))
        for axis in (self.first, self.first + 1):
            out[axis] = _out(size[axis], k, stride, padding)
            padded[axis] += 2 * padding
        self.shape, self.padded = tuple(out), np.full(padded, fill, np.float32)
        self.inner = self.padded[self._slices(*(slice(padding, padding + n) for n in self._sides(size)))]

    def _sides(self, shape: Sequence[int]) -> Sequence[int]:
        return shape[self.first : self.first + 2]

    def _slices(self, rows: slice, columns: slice) -> tuple[slice, ...]:
        return (*[slice(None)] * self.first, rows, columns)

    def taps(self, image: Array) -> Iterator[Array]:
        rows, columns = (self.stride * n for n in self._sides(self.shape))
        for i in range(self.k):
            for j in range(self.k):
                steps = slice(i, i + rows, self.stride), slice(j, j + columns, self.stride)
                yield image[self._slices(*steps)]


def max_pool2d(x: Array, layout: str, k: int, stride: int, padding: int) -> Callable[[], tuple[Array, Array]]:
    """(largest tap, its number) of each window of x."""
    windows = _Windows(x.shape, layout, k, stride, padding, -np.inf)
    y, index = np.empty(windows.shape, x.dtype), np.empty(windows.shape, np.uint8)
    larger, number_where_larger = np.empty(windows.shape, bool), np.empty(windows.shape, np.uint8)
    image = windows.padded if padding else x

    def run() -> tuple[Array, Array]:
        if padding:
            np.copyto(windows.inner, x)
        taps = windows.taps(image)
        np.copyto(y, next(taps))
        index.fill(0)
        for number, tap in enumerate(taps, 1):
            np.greater(tap, y, out=larger)
            np.maximum(tap, y, out=y)
            np.multiply(larger, np.uint8(number), out=number_where_larger)
            np.maximum(index, number_where_larger, out=index)
        return y, index

    return run


def max_pool2d_grad(
    g: Array, index: Array, shape: tuple[int, ...], layout: str, k: int, stride: int, padding: int
) -> Callable[[], Array]:
    """The gradient of the images from that of the result and the numbers of the taps taken."""
    windows = _Windows(shape, layout, k, stride, padding, 0)
    taken, part = np.empty(g.shape, bool), np.empty_like(g)

    def run() -> Array:
        if stride != k or padding:
            windows.padded.fill(0)
        for number, tap in enumerate(windows.taps(windows.padded)):
            np.equal(index, number, out=taken)
            if stride == k and not padding:
                np.multiply(g, taken, out=tap)
            else:
                np.multiply(g, taken, out=part)
                np.add(tap, part, out=tap)
        return windows.inner

    return run


def avg_pool2d(x: Array, layout: str, k: int, stride: int) -> Callable[[], Array]:
    windows = _Windows(x.shape, layout, k, stride, 0, 0)
    y = np.empty(windows.shape, x.dtype)

    def run() -> Array:
        taps = windows.taps(x)
        np.copyto(y, next(taps))
        for tap in taps:
            np.add(y, tap, out=y)
        return np.multiply(y, 1 / (k * k), out=y)

    return run


def avg_pool2d_grad(g: Array, shape: tuple[int, ...], layout: str, k: int, stride: int) -> Callable[[], Array]:
    windows = _Windows(shape, layout, k, stride, 0, 0)
    part = np.empty_like(g)

    def run() -> Array:
        np.multiply(g, 1 / (k * k), out=part)
        if stride != k:
            windows.padded.fill(0)
        for tap in windows.taps(windows.padded):
            if stride == k:
                np.copyto(tap, part)
            else:
                np.add(tap, part, out=tap)
        return windows.padded

    return run
