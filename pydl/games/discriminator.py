"""The best discriminator for two densities, and a network that finds it from samples (Goodfellow et al. 2014)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import gan, nn, optim, random
from ..checks import integer, number
from ..creation import from_numpy
from ..tensor import Tensor

Sampler = Callable[[int, np.random.Generator], np.ndarray]


def optimal_discriminator(p_data: Any, p_g: Any) -> np.ndarray:
    """D* = p_data / (p_data + p_g), what a discriminator converges to against a fixed generator (Proposition 1).

    The arguments are densities at the same points. NaN where both are 0: there any D is as good. ValueError for
    densities that are negative or not finite.
    """
    p_data, p_g = _densities("optimal_discriminator", p_data=p_data, p_g=p_g)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.asarray(1 / (1 + p_g / p_data))  # the sum of the densities may be more than a float holds


def game_value(p_data: Any, p_g: Any, d: Any = None, *, spacing: float) -> float:
    """V(D, G) = ∫ p_data log D + p_g log(1 - D), of values at points `spacing` apart; D = D* where none is given.

    V(D*, G) = -log 4 + 2 JSD(p_data, p_g), so at p_g = p_data it is -log 4, the least there is (Theorem 1). The sum is
    accurate for densities that are smooth at the scale of `spacing` and vanish at both ends. ValueError for a D
    outside [0, 1].
    """
    p_data, p_g = _densities("game_value", p_data=p_data, p_g=p_g)
    spacing = number("game_value", "spacing", spacing, 0, finite=True, above=True)
    if d is not None:
        d = np.asarray(d, np.float64)
        if d.shape != p_data.shape or not ((d >= 0) & (d <= 1) | (p_data == 0) & (p_g == 0)).all():
            raise ValueError(f"[game_value] expected d in [0, 1] of shape {p_data.shape}, got {d!r}")
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        ratio = np.log(p_g) - np.log(p_data)  # the quotient may overflow, and 1 - D* be lost where D* is near 1
        best = -np.logaddexp(0, ratio), -np.logaddexp(0, -ratio)
        logs = best if d is None else (np.log(d), np.log1p(-d))
        terms = np.where(p_data > 0, p_data * logs[0], 0) + np.where(p_g > 0, p_g * logs[1], 0)
    return float(terms.sum() * spacing)


def fit_discriminator(
    real: Sampler, fake: Sampler, *, steps: int = 1000, batch: int = 512, width: int = 32, seed: int = 0
) -> nn.Module:
    """A small network x (N, 1) → logit (N, 1), trained to tell fresh samples of two distributions of the line apart.

    `real(n, rng)` and `fake(n, rng)` give samples (n,). Adam on Goodfellow's loss, at a rate that falls to zero. pydl's
    default generator is left as it was. TypeError or ValueError for counts that are no integers >= 1, ValueError for
    samples that are not finite.
    """
    for name, value in (("steps", steps), ("batch", batch), ("width", width)):
        integer("fit_discriminator", name, value, 1)
    rng = np.random.default_rng(seed)
    with random.fork_rng(seed):
        network = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
    optimizer = optim.Adam(network.parameters(), lr=0.01)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / steps)
        loss = gan.discriminator_loss(*(network(_column(sample(batch, rng), batch)) for sample in (real, fake)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def _column(samples: np.ndarray, count: int) -> Tensor:
    column = np.asarray(samples, np.float32).reshape(-1, 1)
    if len(column) != count or not np.isfinite(column).all():
        got = f"{np.isfinite(column).sum()} of {column.size}"
        raise ValueError(f"[fit_discriminator] expected {count} finite samples, got {got}")
    return from_numpy(column)


def _densities(function: str, **values: Any) -> tuple[np.ndarray, ...]:
    arrays = tuple(np.asarray(value, np.float64) for value in values.values())
    for name, array in zip(values, arrays, strict=True):
        if not (np.isfinite(array) & (array >= 0)).all():
            raise ValueError(f"[{function}] expected {name} as finite densities >= 0, got {array!r}")
    if arrays[0].shape != arrays[1].shape:
        raise ValueError(f"[{function}] expected densities of one shape, got {arrays[0].shape} and {arrays[1].shape}")
    return arrays
