"""Which class a model answers, everywhere in the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import integer
from ..models.checks import check_X, check_y
from .figure import axes_for

COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")


def decision_regions(model: Any, X: Any, y: Any, *, axes: Any = None, steps: int = 200, margin: float = 0.1) -> Any:
    """Colour the plane by what `model.predict` says, and draw the rows X (rows, 2) with their classes y on it.

    `model` is fitted, of two features. `steps` squares a side cover the rows and a `margin` of their extent around.
    Returns the matplotlib figure, for `savefig`; it draws into `axes` where given. TypeError or ValueError for rows and
    classes that do not fit each other or the plane, and for fewer than two steps.
    """
    axes = axes_for(axes, "drawing decision regions")
    X, y = check_X("decision_regions", X), check_y("decision_regions", y)
    integer("decision_regions", "steps", steps, 2)
    if X.shape[1] != 2 or len(X) != len(y):
        raise ValueError(f"[decision_regions] expected X (rows, 2) and y (rows,), got {X.shape} and {y.shape}")
    low, high = X.min(axis=0), X.max(axis=0)
    extent = np.where(high > low, high - low, 1.0) * margin
    across, up = (np.linspace(a - e, b + e, steps) for a, b, e in zip(low, high, extent, strict=True))
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    answers = model.predict(points.astype(X.dtype))
    classes = np.unique(np.concatenate([np.unique(y), np.unique(answers)]))
    regions = np.searchsorted(classes, answers).reshape(steps, steps)
    colours = [COLOURS[k % len(COLOURS)] for k in range(len(classes))]
    axes.contourf(across, up, regions, np.arange(len(classes) + 1) - 0.5, colors=colours, alpha=0.3)
    for k, name in enumerate(classes):
        axes.scatter(*X[y == name].T, s=18, color=colours[k], edgecolors="black", linewidths=0.5, label=str(name))
    axes.legend(loc="best")
    return axes.figure
