"""Precision and recall of generated samples, by nearest neighbours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...checks import integer
from . import checks
from .distance import nearest_squares, square_blocks


class PrecisionRecall(NamedTuple):
    """Quality: the share of generated samples among the real ones; variety: of real among the generated."""

    precision: float
    recall: float


def precision_recall(real: Any, fake: Any, k: int = 3) -> PrecisionRecall:
    """Precision and recall of Kynkäänniemi et al. 2019 (arXiv:1904.06991) on features (N, D) and (M, D).

    The manifold of a set is the union of balls about its points, each out to the k-th nearest of the others.
    Precision is the share of `fake` in that of `real`, recall the share of `real` in that of `fake`. Time grows with
    (N + M)² D, memory does not grow with pairs. ValueError for k >= N or M.
    """
    real, fake = checks.pair("precision_recall", real, fake, least=2)
    integer("precision_recall", "k", k, 1, min(len(real), len(fake)) - 1)
    return PrecisionRecall(_share_within(fake, real, k), _share_within(real, fake, k))


def _share_within(points: np.ndarray, centers: np.ndarray, k: int) -> float:
    reach = nearest_squares(centers, k)
    inside = sum(int((squares <= reach).any(1).sum()) for _, squares in square_blocks(points, centers))
    return inside / len(points)
