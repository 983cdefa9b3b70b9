"""How well samples in the plane cover a mixture of Gaussians, by the figures of Srivastava et al. 2017 (VEEGAN)."""

from __future__ import annotations

import numpy as np

REACH = 3.0  # a sample is of high quality within this many standard deviations of a mode


def coverage(points: np.ndarray, centres: np.ndarray, std: float) -> dict[str, float]:
    """The share of `points` (N, D) within 3 std of the nearest of `centres` (K, D), and how many modes these reach.

    "high_quality" is 1 - exp(-4.5) = 98.9 % for the mixture itself in the plane; "modes" counts the centres that are
    nearest to at least one such point. ValueError for no points. (arXiv:1705.07761, section 5.1.)
    """
    if points.ndim != 2 or len(points) == 0 or points.shape[1:] != centres.shape[1:]:
        raise ValueError(f"[coverage] expected points (N, {centres.shape[1]}), N >= 1, got shape {points.shape}")
    distances = np.linalg.norm(points[:, None].astype(np.float64) - centres, axis=2)
    near = distances.min(1) <= REACH * std
    reached = np.unique(distances.argmin(1)[near])
    return {"high_quality": float(near.mean()), "modes": float(len(reached))}
