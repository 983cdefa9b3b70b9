"""A loss over the plane of two parameters, and how descent walks on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..checks import integer
from .figure import axes_for


def loss_surface(
    loss: Callable[[float, float], Any],
    path: Any = None,
    *,
    around: tuple[float, float, float, float] | None = None,
    axes: Any = None,
    steps: int = 60,
    labels: tuple[str, str] = ("w", "b"),
) -> Any:
    """Contours of `loss(p, q)` over two parameters, with `path` (steps, 2), the places that descent went through.

    `around` = (p low, p high, q low, q high); without it the path and half its extent on each side. A path comes
    from a model's fit: `fit(X, y, callback=lambda m: path.append((m.w_[0], m.b_)))`. Returns the matplotlib figure.
    `steps` values of each parameter are computed. ValueError for neither path nor `around`, for those that are not
    finite or not of these shapes, fewer than two steps, and a loss that is finite nowhere.
    """
    axes = axes_for(axes, "drawing a loss surface")
    integer("loss_surface", "steps", steps, 2)
    walk = np.empty((0, 2)) if path is None else np.asarray(path, np.float64)
    if walk.ndim != 2 or walk.shape[1] != 2 or not np.isfinite(walk).all():
        raise ValueError(f"[loss_surface] expected path as finite numbers (steps, 2), got shape {walk.shape}")
    sides = np.asarray(_extent(walk) if around is None else around, np.float64)
    if sides.shape != (4,) or not np.isfinite(sides).all() or sides[0] >= sides[1] or sides[2] >= sides[3]:
        raise ValueError(f"[loss_surface] expected around as p low < high, q low < high, got {around!r}")
    left, right, bottom, top = sides
    across, up = np.linspace(left, right, steps), np.linspace(bottom, top, steps)
    heights = np.array([[float(loss(p, q)) for p in across] for q in up])
    lines = axes.contourf(across, up, heights, _levels(heights), cmap="viridis")
    axes.figure.colorbar(lines, ax=axes, label="loss")
    if len(walk):
        axes.plot(*walk.T, ".-", color="white", linewidth=1, markersize=4)
        axes.plot(*walk[0], "o", color="white")
        axes.plot(*walk[-1], "*", color="red", markersize=12)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    return axes.figure


def _extent(walk: np.ndarray) -> tuple[float, float, float, float]:
    if not len(walk):
        raise ValueError("[loss_surface] expected path or around, got neither")
    low, high = walk.min(axis=0), walk.max(axis=0)
    half = np.where(high > low, (high - low) / 2, 1.0)
    return low[0] - half[0], high[0] + half[0], low[1] - half[1], high[1] + half[1]


def _levels(heights: np.ndarray) -> np.ndarray:
    """Heights of contour lines that are close together near the least loss, where descent ends."""
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        raise ValueError("[loss_surface] expected a loss that is finite somewhere, got none")
    low, high = float(finite.min()), float(finite.max())
    spread = high - low or 1.0
    return low + spread * np.linspace(0, 1, 25) ** 2
