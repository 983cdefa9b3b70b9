"""Matrix products by BLAS into preallocated results."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def matmul(a: Array, b: Array) -> Callable[[], Array]:
    y = np.matmul(a, b)
    return lambda: np.matmul(a, b, out=y)


def linear(x: Array, w: Array, bias: Array, relu: bool) -> Callable[[], Array]:
    """x (N, in), w (out, in), bias (out,)."""
    y = np.empty((len(x), len(w)), x.dtype)

    def run() -> Array:
        np.matmul(x, w.T, out=y)
        np.add(y, bias, out=y)
        return np.maximum(y, 0, out=y) if relu else y

    return run
