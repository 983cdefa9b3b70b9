"""Softmax over the last dimension of (rows, classes), its logarithm, and their gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def _shifted_exp(x: Array, shifted: Array, y: Array) -> Array:
    """shifted = x - max, y = exp(shifted); returns the sums of y."""
    np.subtract(x, x.max(1, keepdims=True), out=shifted)
    np.exp(shifted, out=y)
    return y.sum(1, keepdims=True)


def softmax(x: Array) -> Callable[[], Array]:
    y = np.empty_like(x)

    def run() -> Array:
        total = _shifted_exp(x, y, y)
        return np.multiply(y, 1 / total, out=y)

    return run


def log_softmax(x: Array) -> Callable[[], Array]:
    y, t = np.empty_like(x), np.empty_like(x)

    def run() -> Array:
        total = _shifted_exp(x, y, t)
        return np.subtract(y, np.log(total), out=y)

    return run


def logsumexp(x: Array) -> Callable[[], Array]:
    t = np.empty_like(x)

    def run() -> Array:
        top = x.max(1)
        np.subtract(x, top[:, None], out=t)
        np.exp(t, out=t)
        return np.log(t.sum(1)) + top

    return run


def softmax_grad(y: Array, g: Array) -> Callable[[], Array]:
    t = np.empty_like(y)

    def run() -> Array:
        np.multiply(y, g, out=t)
        np.subtract(g, t.sum(1, keepdims=True), out=t)
        return np.multiply(t, y, out=t)

    return run


def log_softmax_grad(y: Array, g: Array) -> Callable[[], Array]:
    t = np.empty_like(y)

    def run() -> Array:
        np.exp(y, out=t)
        np.multiply(t, g.sum(1, keepdims=True), out=t)
        return np.subtract(g, t, out=t)

    return run
