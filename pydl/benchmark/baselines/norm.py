"""Batch normalisation of images in either layout, or of rows (N, C).

Sums over a channel are products with ones, which BLAS does best: a row of ones times (N H W, C), or each image
(C, H W) times a column of ones, summed over the images.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


class _Channels:
    """x, shaped for its sums; `of` shapes what there is one of a channel for broadcasting against it."""

    def __init__(self, x: Array, layout: str) -> None:
        self.planes = layout == "NCHW" and x.ndim == 4
        self.shape = (x.shape[0], x.shape[1], -1) if self.planes else (-1, x.shape[-1])
        rows = x.reshape(self.shape)
        self.count = rows.size // rows.shape[1]
        self.ones = np.ones(rows.shape[2] if self.planes else rows.shape[0], x.dtype)

    def sums(self, x: Array) -> Array:
        return (x @ self.ones).sum(0) if self.planes else self.ones @ x

    def of(self, values: Array) -> Array:
        return values[:, None] if self.planes else values


def batch_norm_train(
    x: Array, layout: str, weight: Array, bias: Array, eps: float
) -> Callable[[], tuple[Array, Array, Array]]:
    """(y, mean, variance)."""
    channels = _Channels(x, layout)
    rows = x.reshape(channels.shape)
    centred, y, of = np.empty_like(rows), np.empty_like(rows), channels.of

    def run() -> tuple[Array, Array, Array]:
        mean = channels.sums(rows) / channels.count
        np.subtract(rows, of(mean), out=centred)
        np.square(centred, out=y)
        var = channels.sums(y) / channels.count
        np.multiply(centred, of(weight / np.sqrt(var + eps)), out=y)
        np.add(y, of(bias), out=y)
        return y.reshape(x.shape), mean, var

    return run


def batch_norm_eval(
    x: Array, layout: str, mean: Array, var: Array, weight: Array, bias: Array, eps: float
) -> Callable[[], Array]:
    channels = _Channels(x, layout)
    rows = x.reshape(channels.shape)
    y = np.empty_like(rows)

    def run() -> Array:
        scale = weight / np.sqrt(var + eps)
        np.multiply(rows, channels.of(scale), out=y)
        return np.add(y, channels.of(bias - mean * scale), out=y).reshape(x.shape)

    return run


def batch_norm_grad(
    x: Array, g: Array, layout: str, mean: Array, var: Array, weight: Array, eps: float
) -> Callable[[], tuple[Array, Array, Array]]:
    """(dx, dweight, dbias), with d = (x - mean) / σ: dx = weight / σ · (g - mean g - d · mean(g d))."""
    channels = _Channels(x, layout)
    rows, grads = x.reshape(channels.shape), g.reshape(channels.shape)
    d, dx, of = np.empty_like(rows), np.empty_like(rows), channels.of

    def run() -> tuple[Array, Array, Array]:
        rate = 1 / np.sqrt(var + eps)
        np.subtract(rows, of(mean), out=d)
        np.multiply(d, of(rate), out=d)
        np.multiply(grads, d, out=dx)
        dweight, dbias = channels.sums(dx), channels.sums(grads)
        np.multiply(d, of(dweight / channels.count), out=d)
        np.subtract(grads, d, out=dx)
        np.subtract(dx, of(dbias / channels.count), out=dx)
        np.multiply(dx, of(weight * rate), out=dx)
        return dx.reshape(x.shape), dweight, dbias

    return run
