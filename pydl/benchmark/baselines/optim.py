"""Optimizer steps in place, parameter by parameter. Each function updates `params` and returns them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Arrays = Sequence[np.ndarray]
Run = Callable[[], Arrays]


def _like(params: Arrays) -> list[np.ndarray]:
    return [np.zeros_like(p) for p in params]


def sgd(params: Arrays, grads: Arrays, lr: float, momentum: float, weight_decay: float) -> Run:
    """v = momentum v + g + weight_decay p; p -= lr v."""
    buffers, temporaries = _like(params), _like(params)

    def run() -> Arrays:
        for p, g, v, t in zip(params, grads, buffers, temporaries, strict=True):
            np.multiply(p, weight_decay, out=t)
            t += g
            v *= momentum
            v += t
            np.multiply(v, lr, out=t)
            p -= t
        return params

    return run


def rmsprop(params: Arrays, grads: Arrays, lr: float, alpha: float, eps: float) -> Run:
    """s = alpha s + (1 - alpha) g²; p -= lr g / (√s + eps)."""
    squares, temporaries = _like(params), _like(params)

    def run() -> Arrays:
        for p, g, s, t in zip(params, grads, squares, temporaries, strict=True):
            np.square(g, out=t)
            t *= 1 - alpha
            s *= alpha
            s += t
            np.sqrt(s, out=t)
            t += eps
            np.divide(g, t, out=t)
            t *= lr
            p -= t
        return params

    return run


def adam(params: Arrays, grads: Arrays, lr: float, betas: tuple[float, float], eps: float, decay: float = 0.0) -> Run:
    """Kingma and Ba 2015, algorithm 1; `decay` shrinks p by lr · decay first, as AdamW (Loshchilov 2019)."""
    means, squares, temporaries = _like(params), _like(params), _like(params)
    steps = 0

    def run() -> Arrays:
        nonlocal steps
        steps += 1
        rate, root = lr / (1 - betas[0] ** steps), (1 - betas[1] ** steps) ** -0.5
        for p, g, m, v, t in zip(params, grads, means, squares, temporaries, strict=True):
            if decay:
                p *= 1 - lr * decay
            np.multiply(g, 1 - betas[0], out=t)
            m *= betas[0]
            m += t
            np.square(g, out=t)
            t *= 1 - betas[1]
            v *= betas[1]
            v += t
            np.sqrt(v, out=t)
            t *= root
            t += eps
            np.divide(m, t, out=t)
            t *= rate
            p -= t
        return params

    return run
