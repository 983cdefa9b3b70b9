"""Toy distributions, made here from a seed: mixtures in the plane, curves, and stacked MNIST."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import check
from .samplerng import TOY, seed_sequence

Arrays = tuple[np.ndarray, np.ndarray]


def generator(seed: int, split: str) -> np.random.Generator:
    """The generator of a split of a toy set: train and test are two streams of one seed."""
    stream = 0 if split == "train" else 1
    return np.random.Generator(np.random.PCG64(seed_sequence(TOY, check.seed("load", seed), stream)))


def ring_centers(modes: int = 8, radius: float = 1.0) -> np.ndarray:
    """Centres (modes, 2) at angles 2 pi k / modes, k = 0 … modes - 1: the mode at 2 pi is not repeated."""
    angle = 2 * np.pi * np.arange(modes) / modes
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def grid_centers() -> np.ndarray:
    """The 25 centres {-4, -2, 0, 2, 4} x {-4, -2, 0, 2, 4}."""
    axis = np.arange(-4.0, 5.0, 2.0)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)


def mixture(rng: np.random.Generator, n: int, centers: np.ndarray, std: float) -> Arrays:
    """`n` points (float32) of the equal mixture of N(centre, std^2 I), and the modes they came from."""
    modes = rng.integers(len(centers), size=n)
    points = centers[modes] + std * rng.standard_normal((n, centers.shape[1]))
    return points.astype(np.float32), modes


RING_STD, GRID_STD = 0.01, 0.05


def modes_of(name: str) -> tuple[np.ndarray, float] | None:
    """The centres (K, 2) and the standard deviation of a mixture as `load(name)` makes it; None for other data."""
    return {"ring": (ring_centers(), RING_STD), "grid": (grid_centers(), GRID_STD)}.get(name)


def ring(rng: np.random.Generator, n: int, modes: int = 8, radius: float = 1.0, std: float = RING_STD) -> Arrays:
    """`mixture` of the ring's modes."""
    return mixture(rng, n, ring_centers(modes, radius), std)


def grid(rng: np.random.Generator, n: int, std: float = GRID_STD) -> Arrays:
    """`mixture` of the grid's 25 modes."""
    return mixture(rng, n, grid_centers(), std)


def swiss_roll(rng: np.random.Generator, n: int, std: float = 0.25) -> Arrays:
    """(t cos t, t sin t) plus noise, over 7.5, with t uniform in [1.5 pi, 4.5 pi]; and t.

    The plane form of Gulrajani et al., "Improved Training of Wasserstein GANs", toy experiments.
    """
    t = 1.5 * np.pi * (1 + 2 * rng.random(n))
    points = np.stack([t * np.cos(t), t * np.sin(t)], axis=1) + std * rng.standard_normal((n, 2))
    return (points / 7.5).astype(np.float32), t.astype(np.float32)


def moons(rng: np.random.Generator, n: int, std: float = 0.1) -> Arrays:
    """Two interleaved half circles, (cos t, sin t) and (1 - cos t, 1/2 - sin t), plus noise; classes 0, 1."""
    label = rng.integers(2, size=n)
    t = np.pi * rng.random(n)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    points = np.where(label[:, None] == 0, upper, [1.0, 0.5] - upper) + std * rng.standard_normal((n, 2))
    return points.astype(np.float32), label


def xor(rng: np.random.Generator, n: int, std: float = 0.1) -> Arrays:
    """Noisy corners (a, b) of the unit square; the class is a xor b."""
    corner = rng.integers(2, size=(n, 2))
    points = corner + std * rng.standard_normal((n, 2))
    return points.astype(np.float32), corner[:, 0] ^ corner[:, 1]


class Maker(NamedTuple):
    """A toy set: its function, the parameters of it that `load` passes on, the number of classes."""

    make: Callable[..., Arrays]
    classes: int
    options: tuple[str, ...] = ("std",)


MAKERS = {
    "ring": Maker(ring, 8, ("modes", "radius", "std")),
    "grid": Maker(grid, 25),
    "swiss-roll": Maker(swiss_roll, 0),
    "moons": Maker(moons, 2),
    "xor": Maker(xor, 2),
}
