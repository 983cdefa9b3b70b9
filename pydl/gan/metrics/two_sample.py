"""Can the nearest neighbour tell generated samples from real ones?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import checks
from .distance import nearest_squares, square_blocks


class TwoSample(NamedTuple):
    """The share of all samples told rightly, of the real and of the generated ones."""

    accuracy: float
    real: float
    fake: float


def nearest_neighbour_test(real: Any, fake: Any) -> TwoSample:
    """Leave-one-out accuracy of the 1-nearest-neighbour classifier on `real` (N, D) and `fake` (N, D).

    About 1/2 for two samples of one distribution, 1 where they lie apart, and near 0 where each generated sample is a
    copy of a real one. Low on real and high on fake samples is mode collapse: generated ones crowd around a few.
    (Lopez-Paz and Oquab 2017, arXiv:1610.06545; Xu et al. 2018, arXiv:1806.07755.) A tie counts one half. ValueError
    for sets of two sizes, of which the larger would win by number.
    """
    real, fake = checks.pair("nearest_neighbour_test", real, fake, least=2)
    if len(real) != len(fake):
        raise ValueError(f"[nearest_neighbour_test] expected two equal sizes, got {len(real)} and {len(fake)}")
    to_fake, to_real = np.empty(len(real)), np.full(len(fake), np.inf)
    for rows, squares in square_blocks(real, fake):
        to_fake[rows] = squares.min(1)
        np.minimum(to_real, squares.min(0), out=to_real)
    right = [_share_nearer(nearest_squares(own), other) for own, other in ((real, to_fake), (fake, to_real))]
    return TwoSample((right[0] + right[1]) / 2, *right)


def _share_nearer(own: np.ndarray, other: np.ndarray) -> float:
    return float((own < other).mean() + (own == other).mean() / 2)
