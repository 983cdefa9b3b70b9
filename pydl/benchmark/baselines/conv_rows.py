"""Convolutions as one matrix product: patches gathered by sliding_window_view, multiplied by BLAS.

Images are (N, H, W, C) here, the memory order of channels-last tensors: a row of patches is then made of
contiguous runs, and the product writes the result in its final order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray
Run = Callable[[], Array]


def _patches(x: Array, k: int, stride: int, padding: int) -> tuple[Callable[[], Array], tuple[int, int]]:
    """A function that gathers the patches of x as rows of (kH, kW, C), and the size of the result."""
    n, h, w, c = x.shape
    padded = np.zeros((n, h + 2 * padding, w + 2 * padding, c), x.dtype)
    inner = padded[:, padding : padding + h, padding : padding + w]
    windows = sliding_window_view(padded, (k, k), (1, 2))[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    size = windows.shape[1], windows.shape[2]
    columns = np.empty(windows.shape, x.dtype)
    source = x.reshape(windows.shape) if k == 1 and stride == 1 and padding == 0 else None

    def gather() -> Array:
        if source is not None:
            return source.reshape(-1, c)
        np.copyto(inner, x)
        np.copyto(columns, windows)
        return columns.reshape(-1, k * k * c)

    return gather, size


def conv2d(x: Array, w: Array, bias: Array | None, stride: int, padding: int) -> Run:
    """x (N, H, W, C), w (O, C, k, k), result (N, H', W', O)."""
    gather, size = _patches(x, w.shape[2], stride, padding)
    y = np.empty((x.shape[0] * size[0] * size[1], w.shape[0]), x.dtype)

    def run() -> Array:
        np.matmul(gather(), w.transpose(2, 3, 1, 0).reshape(-1, w.shape[0]), out=y)
        if bias is not None:
            np.add(y, bias, out=y)
        return y.reshape(x.shape[0], *size, -1)

    return run


def conv2d_weight_grad(x: Array, g: Array, k: int, stride: int, padding: int) -> Run:
    """x (N, H, W, C), g (N, H', W', O), result (O, C, k, k)."""
    gather, _ = _patches(x, k, stride, padding)
    rows = g.reshape(-1, g.shape[3])

    def run() -> Array:
        w = rows.T @ gather()
        return w.reshape(-1, k, k, x.shape[3]).transpose(0, 3, 1, 2)

    return run


def conv_transpose2d(y: Array, w: Array, stride: int, padding: int, size: tuple[int, int]) -> Run:
    """y (N, H', W', O), w (O, C, k, k), result (N, *size, C): a product, then each tap added where it belongs."""
    n, h, width, o = y.shape
    c, k = w.shape[1], w.shape[2]
    padded = np.empty((n, size[0] + 2 * padding, size[1] + 2 * padding, c), y.dtype)
    columns = np.empty((n, h, width, k, k, c), y.dtype)

    def run() -> Array:
        weight = w.transpose(0, 2, 3, 1).reshape(o, -1)
        np.matmul(y.reshape(-1, o), weight, out=columns.reshape(-1, k * k * c))
        padded.fill(0)
        for i in range(k):
            for j in range(k):
                padded[:, i : i + stride * h : stride, j : j + stride * width : stride] += columns[:, :, :, i, j]
        return padded[:, padding : padding + size[0], padding : padding + size[1]]

    return run
