"""The Fréchet distance of two normal distributions, and of features as if they were normal."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .distance import products


def frechet_distance(mean_a: Any, cov_a: Any, mean_b: Any, cov_b: Any) -> float:
    """|μ_a - μ_b|² + tr(Σ_a + Σ_b - 2 (Σ_a Σ_b)^½) of N(μ_a, Σ_a) and N(μ_b, Σ_b).

    It is the square of a distance (Dowson and Landau 1982), called distance as FID is. The trace of the root is the
    sum of the singular values of Σ_a^½ Σ_b^½, which stays accurate where covariances are singular. ValueError for
    covariances that are not symmetric and positive semi-definite.
    """
    name = "frechet_distance"
    means = [
        checks.samples(name, label, np.reshape(mean, (1, -1)))[0]
        for label, mean in (("mean_a", mean_a), ("mean_b", mean_b))
    ]
    covs = [checks.samples(name, label, cov) for label, cov in (("cov_a", cov_a), ("cov_b", cov_b))]
    size = len(means[0])
    if len(means[1]) != size or any(cov.shape != (size, size) for cov in covs):
        shapes = ", ".join(str(array.shape) for array in (*means, *covs))
        raise ValueError(f"[{name}] expected two means (D,) and two covariances (D, D), got {shapes}")
    return _distance(means, covs, name)


def frechet_classifier_distance(real: Any, fake: Any) -> float:
    """`frechet_distance` of the means and covariances of features (N, D) and (M, D), at least two of each.

    On features of a classifier trained here, so not the Inception FID, though the formula is that of Heusel et al.
    2017 (arXiv:1706.08500). Few samples make it too large: compare at equal N and M only, best above D. TypeError for
    what are no real numbers, ValueError for those that are not finite, fewer than two of either, and two dimensions.
    """
    real, fake = checks.pair("frechet_classifier_distance", real, fake, least=2)
    (mean_a, cov_a), (mean_b, cov_b) = _moments(real), _moments(fake)
    return _distance([mean_a, mean_b], [cov_a, cov_b], "frechet_classifier_distance")


def _distance(means: list[np.ndarray], covs: list[np.ndarray], function: str) -> float:
    first, second = (_root(cov, function) for cov in covs)
    overlap = np.linalg.svd(products(first, second), compute_uv=False).sum()
    spread = np.trace(covs[0]) + np.trace(covs[1]) - 2 * overlap
    return float(np.square(means[0] - means[1]).sum() + max(0.0, spread))


def _root(cov: np.ndarray, function: str) -> np.ndarray:
    """The symmetric positive semi-definite S with S S = cov (D, D), by cov's eigenvectors."""
    scale = np.abs(cov).max()
    if np.abs(cov - cov.T).max() > 1e-8 * scale:
        raise ValueError(f"[{function}] expected symmetric covariances, got one that is not")
    values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    rounding = len(cov) * np.finfo(np.float64).eps * scale
    if values[0] < -max(1e-8 * scale, rounding):
        raise ValueError(
            f"[{function}] expected covariances that are positive semi-definite, got the eigenvalue {values[0]}"
        )
    values = np.where(values > rounding, values, 0.0)
    return products(vectors * np.sqrt(values), vectors)


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = features.mean(0)
    centred = np.ascontiguousarray((features - mean).T)
    return mean, products(centred, centred) / (len(features) - 1)
