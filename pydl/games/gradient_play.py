"""Two players on one payoff, each following its own gradient; the xy game shows why that need not end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import grad
from ..checks import integer, number
from ..creation import tensor
from ..tensor import Tensor


def gradient_play(
    payoff: Callable[[Tensor, Tensor], Tensor],
    x: Any,
    y: Any,
    *,
    rate: float,
    steps: int,
    alternating: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """min over y of max over x of payoff(x, y) by gradient steps: x ← x + rate ∂/∂x, y ← y - rate ∂/∂y.

    Both move at once, from the same point, or where `alternating` is set y answers to the new x. Returns the points
    visited, the first included, in float64: (steps + 1, *x.shape) and (steps + 1, *y.shape). ValueError for a rate
    that is not finite or negative, steps < 0, or a payoff that is no single number; OverflowError, which names the
    step, where the players leave what a float can hold.
    """
    x, y = _start("x", x), _start("y", y)
    rate = number("gradient_play", "rate", rate, 0, finite=True)
    steps = integer("gradient_play", "steps", steps, 0)
    xs, ys = [x], [y]
    for step in range(1, steps + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            dx, dy = _gradients(payoff, x, y)
            x = x + rate * dx
            if alternating:
                _, dy = _gradients(payoff, x, y)
            y = y - rate * dy
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise OverflowError(f"[gradient_play] expected finite players, got others at step {step}, rate {rate}")
        xs.append(x)
        ys.append(y)
    return np.stack(xs), np.stack(ys)


def xy_game(
    x: float = 1.0, y: float = 0.0, *, rate: float = 0.1, steps: int = 100, alternating: bool = False
) -> np.ndarray:
    """The points (steps + 1, 2) visited in min over y of max over x of xy, whose equilibrium is (0, 0).

    Simultaneous steps multiply the distance from it by √(1 + rate²) each: they spiral out at any rate. Alternating
    steps keep x² + rate·xy + y², and so stay on an ellipse where rate < 2; they do not reach it either.
    """
    return np.stack(gradient_play(lambda x, y: x * y, x, y, rate=rate, steps=steps, alternating=alternating), axis=1)


def _start(name: str, value: Any) -> np.ndarray:
    start = np.asarray(value)
    if start.dtype.kind not in "iuf":
        raise TypeError(f"[gradient_play] expected {name} as real numbers, got {value!r}")
    if not np.isfinite(start).all():
        raise ValueError(f"[gradient_play] expected {name} to be finite, got {value!r}")
    return start.astype(np.float64)


def _gradients(payoff: Callable[[Tensor, Tensor], Tensor], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    inputs = [tensor(x, requires_grad=True), tensor(y, requires_grad=True)]
    result = payoff(*inputs)
    if not isinstance(result, Tensor):
        raise TypeError(f"[gradient_play] expected a payoff as a Tensor, got {type(result).__name__}")
    if result.numel() != 1:
        raise ValueError(f"[gradient_play] expected a payoff of one number, got shape {tuple(result.shape)}")
    found = grad(result.sum(), inputs, allow_unused=True)
    return [np.zeros_like(start) if g is None else g.numpy() for start, g in zip((x, y), found, strict=True)]
