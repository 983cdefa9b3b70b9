"""Walks between latents, and latents drawn towards their centre, as arrays and as pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..checks import integer, number
from ..creation import from_numpy
from ..tensor import Tensor
from .grid import image_grid

Sampler = Callable[[Tensor], Any]


def interpolate(start: Any, end: Any, steps: int, *, spherical: bool = False) -> np.ndarray:
    """`steps` latents from `start` to `end`, (steps, …, D) for latents (…, D); the ends are included.

    Linear: (1 - t) a + t b. Spherical: (sin((1 - t)ω) a + sin(tω) b) / sin ω with ω the angle between them, which
    keeps the length that normal noise has and a straight line loses (White 2016, arXiv:1609.04468). ValueError for two
    shapes, fewer than two steps, or latents that lie opposite each other, between which no arc is the shortest.
    """
    a, b = _latents("interpolate", "start", start), _latents("interpolate", "end", end)
    if a.shape != b.shape or a.ndim == 0:
        raise ValueError(f"[interpolate] expected start and end of one shape (…, D), got {a.shape} and {b.shape}")
    steps = integer("interpolate", "steps", steps, 2)
    t = (np.arange(steps) / (steps - 1)).reshape(-1, *[1] * a.ndim)
    first, second = _arc(a, b, t) if spherical else (1 - t, t)
    return first * a + second * b


def truncate(latents: Any, psi: float, center: Any = 0.0) -> np.ndarray:
    """center + psi (latents - center), of the latents' shape (…, D): fewer odd samples and less variety for psi < 1.

    For a StyleGAN the latents are those after the mapping, and `center` their average (arXiv:1812.04948, section B).
    TypeError for what are no real numbers, ValueError for those that are not finite.
    """
    latents, center = _latents("truncate", "latents", latents), _latents("truncate", "center", center)
    return center + number("truncate", "psi", psi, finite=True) * (latents - center)


def interpolation_grid(
    sample: Sampler, starts: Any, ends: Any, steps: int = 8, *, spherical: bool = False, scale: int = 1
) -> np.ndarray:
    """A picture with a walk from each of `starts` (N, D) to each of `ends` (N, D) as a row.

    `sample` makes images (M, C, H, W) in [0, 1] of latents (M, D) in float32: of a GANTask,
    `lambda z: draw(task.sampler(), z, task.centre)`. The picture is that of `image_grid`, with its errors and those of
    `interpolate`; ValueError for starts that are not (N, D).
    """
    walks = interpolate(starts, ends, steps, spherical=spherical)
    if walks.ndim != 3:
        raise ValueError(f"[interpolation_grid] expected starts (N, D), got shape {walks.shape[1:]}")
    return _pictures(sample, walks.swapaxes(0, 1), scale)


def truncation_grid(sample: Sampler, latents: Any, psis: Sequence[float], center: Any = 0.0, *, scale: int = 1) -> Any:
    """A picture with the samples of `latents` (N, D), truncated by one of `psis`, in each row.

    `sample` and the picture are those of `interpolation_grid`. ValueError for other latents or no psi; other errors are
    those of `truncate` and `image_grid`.
    """
    if len(psis) == 0 or np.ndim(latents) != 2:
        shape = np.shape(latents)
        raise ValueError(f"[truncation_grid] expected latents (N, D) and one psi or more, got {shape} and {psis!r}")
    return _pictures(sample, np.stack([truncate(latents, psi, center) for psi in psis]), scale)


def _pictures(sample: Sampler, latents: np.ndarray, scale: int) -> np.ndarray:
    """Latents (rows, columns, D) as a picture of as many images."""
    _, columns, size = latents.shape
    images = sample(from_numpy(np.ascontiguousarray(latents.reshape(-1, size), np.float32)))
    return image_grid(np.asarray(images), columns=columns, scale=scale)


def _arc(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of both ends on the arc between them; those of the line where they point the same way."""
    lengths = np.linalg.norm(a, axis=-1, keepdims=True), np.linalg.norm(b, axis=-1, keepdims=True)
    if (lengths[0] == 0).any() or (lengths[1] == 0).any():
        raise ValueError("[interpolate] expected latents other than 0 on an arc, got 0")
    unit_a, unit_b = a / lengths[0], b / lengths[1]
    # Accurate at small angles, where an arc cosine is not (Kahan).
    chord, reach = (np.linalg.norm(v, axis=-1, keepdims=True) for v in (unit_a - unit_b, unit_a + unit_b))
    if (reach < 1e-8).any():
        raise ValueError("[interpolate] expected latents that do not lie opposite each other, got two that do")
    angle = 2 * np.arctan2(chord, reach)
    flat = angle < 1e-8
    sine = np.where(flat, 1.0, np.sin(angle))
    first = np.where(flat, 1 - t, np.sin((1 - t) * angle) / sine)
    return first, np.where(flat, t, np.sin(t * angle) / sine)


def _latents(function: str, name: str, values: Any) -> np.ndarray:
    array = np.asarray(values.detach() if hasattr(values, "detach") else values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"[{function}] expected {name} to hold real numbers, got dtype {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"[{function}] expected {name} to be finite, got {array}")
    return array.astype(np.float64)
