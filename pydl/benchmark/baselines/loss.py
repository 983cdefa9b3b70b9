"""Mean losses and their gradients in the first operand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .softmax import logsumexp, softmax

Array = np.ndarray


def mse(x: Array, t: Array) -> Callable[[], Array]:
    d = np.empty_like(x)
    flat = d.reshape(-1)

    def run() -> Array:
        np.subtract(x, t, out=d)
        return np.dot(flat, flat) / d.size

    return run


def mse_grad(x: Array, t: Array) -> Callable[[], Array]:
    d = np.empty_like(x)

    def run() -> Array:
        np.subtract(x, t, out=d)
        return np.multiply(d, 2 / d.size, out=d)

    return run


def bce_with_logits(x: Array, t: Array) -> Callable[[], Array]:
    """Mean of max(x, 0) - x t + log(1 + exp(-|x|))."""
    y, part = np.empty_like(x), np.empty_like(x)

    def run() -> Array:
        np.abs(x, out=y)
        np.negative(y, out=y)
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        np.log(y, out=y)
        np.maximum(x, 0, out=part)
        np.add(y, part, out=y)
        np.multiply(x, t, out=part)
        np.subtract(y, part, out=y)
        return y.mean()

    return run


def bce_with_logits_grad(x: Array, t: Array) -> Callable[[], Array]:
    y = np.empty_like(x)

    def run() -> Array:
        np.negative(x, out=y)
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        np.reciprocal(y, out=y)
        np.subtract(y, t, out=y)
        return np.multiply(y, 1 / y.size, out=y)

    return run


def cross_entropy(x: Array, target: Array) -> Callable[[], Array]:
    """Mean of logsumexp(x) - x[target] over rows (N, classes)."""
    total, rows = logsumexp(x), np.arange(len(x))
    return lambda: (total() - x[rows, target]).mean()


def cross_entropy_grad(x: Array, target: Array) -> Callable[[], Array]:
    shares, rows = softmax(x), np.arange(len(x))

    def run() -> Array:
        y = shares()
        y[rows, target] -= 1
        return np.multiply(y, 1 / len(x), out=y)

    return run
