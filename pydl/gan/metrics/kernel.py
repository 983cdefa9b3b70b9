"""The kernel distance (maximum mean discrepancy) of two sets of features."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...checks import integer
from . import checks
from .distance import products, rows


def kernel_classifier_distance(real: Any, fake: Any, *, degree: int = 3, unbiased: bool = True) -> float:
    """MMD² of features (N, D) and (M, D) under the kernel (x·y / D + 1)^degree.

    E k(x, x') + E k(y, y') - 2 E k(x, y). Unbiased, pairs of a sample with itself are left out, so that the expected
    value for equal distributions is 0 at any size, and single values can be below; biased, it is never negative and 0
    for equal sets. The formula is that of KID (Bińkowski et al. 2018, arXiv:1801.01401), on all samples at once, with
    features of a classifier trained here and not Inception's. TypeError for what are no real numbers and a degree that
    is no integer, ValueError for features that are not finite, fewer than two of either, two dimensions, a degree
    outside 1 … 16, and an overflow.
    """
    name = "kernel_classifier_distance"
    real, fake = checks.pair(name, real, fake, least=2)
    integer(name, "degree", degree, 1, 16)
    result = _mean(real, real, degree, unbiased) + _mean(fake, fake, degree, unbiased)
    result -= 2 * _mean(real, fake, degree, False)
    if not np.isfinite(result):
        raise ValueError(f"[{name}] expected features small enough for a kernel of degree {degree}, got an overflow")
    return result if unbiased else max(0.0, result)


def _mean(a: np.ndarray, b: np.ndarray, degree: int, without_self: bool) -> float:
    """The mean of k(a_i, b_j) over all pairs, or over those of two different indices."""
    total, count = 0.0, len(a) * len(b)
    with np.errstate(over="ignore", invalid="ignore"):
        for part in rows(len(a), len(b)):
            total += float(_power(products(a[part], b) / a.shape[1] + 1, degree).sum())
        if without_self:
            total -= float(_power(np.einsum("ij,ij->i", a, a) / a.shape[1] + 1, degree).sum())
            count -= len(a)
    return total / count


def _power(base: np.ndarray, degree: int) -> np.ndarray:
    """By products, which takes a tenth of the time of NumPy's power."""
    result = base.copy()
    for _ in range(degree - 1):
        result *= base
    return result
