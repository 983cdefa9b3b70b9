"""Convolutions as products for images in (N, C, H, W): one product an image, whose columns are its patches.

The columns (C k k, H' W') hold contiguous runs of an image's rows, and each product writes whole planes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray
Run = Callable[[], Array]


def _patches(x: Array, k: int, stride: int, padding: int) -> tuple[Callable[[], Array], tuple[int, int]]:
    """A function that gathers the patches of x as (N, C k k, H' W'), and the size of the result."""
    n, c, h, w = x.shape
    padded = np.zeros((n, c, h + 2 * padding, w + 2 * padding), x.dtype)
    inner = padded[:, :, padding : padding + h, padding : padding + w]
    windows = sliding_window_view(padded, (k, k), (2, 3))[:, :, ::stride, ::stride].transpose(0, 1, 4, 5, 2, 3)
    size = windows.shape[4], windows.shape[5]
    columns = np.empty(windows.shape, x.dtype)

    def gather() -> Array:
        if k == 1 and stride == 1 and padding == 0:
            return x.reshape(n, c, h * w)
        np.copyto(inner, x)
        np.copyto(columns, windows)
        return columns.reshape(n, c * k * k, -1)

    return gather, size


def conv2d(x: Array, w: Array, bias: Array | None, stride: int, padding: int) -> Run:
    """x (N, C, H, W), w (O, C, k, k), result (N, O, H', W')."""
    gather, size = _patches(x, w.shape[2], stride, padding)
    y = np.empty((x.shape[0], w.shape[0], size[0] * size[1]), x.dtype)

    def run() -> Array:
        np.matmul(w.reshape(len(w), -1), gather(), out=y)
        if bias is not None:
            np.add(y, bias[:, None], out=y)
        return y.reshape(*y.shape[:2], *size)

    return run


def conv2d_weight_grad(x: Array, g: Array, k: int, stride: int, padding: int) -> Run:
    """x (N, C, H, W), g (N, O, H', W'), result (O, C, k, k)."""
    gather, _ = _patches(x, k, stride, padding)
    planes = g.reshape(*g.shape[:2], -1)

    def run() -> Array:
        return np.matmul(planes, gather().transpose(0, 2, 1)).sum(0).reshape(-1, x.shape[1], k, k)

    return run


def conv_transpose2d(y: Array, w: Array, stride: int, padding: int, size: tuple[int, int]) -> Run:
    """y (N, O, H', W'), w (O, C, k, k), result (N, C, *size): a product, then each tap added where it belongs."""
    n, o, h, width = y.shape
    c, k = w.shape[1], w.shape[2]
    padded = np.empty((n, c, size[0] + 2 * padding, size[1] + 2 * padding), y.dtype)
    columns = np.empty((n, c, k, k, h, width), y.dtype)

    def run() -> Array:
        np.matmul(w.reshape(o, -1).T, y.reshape(n, o, -1), out=columns.reshape(n, c * k * k, -1))
        padded.fill(0)
        for i in range(k):
            for j in range(k):
                padded[:, :, i : i + stride * h : stride, j : j + stride * width : stride] += columns[:, :, i, j]
        return padded[:, :, padding : padding + size[0], padding : padding + size[1]]

    return run
