"""Which modes of a known distribution a generator reaches, and how evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checks import integer, number
from . import checks


@dataclass(frozen=True)
class ModeCoverage:
    """`covered` of `modes` modes were reached; `counts` samples fell on each.

    `high_quality` is the share of all samples that fell on any mode. `reverse_kl` is KL(p̂ ‖ uniform) = log K - H(p̂)
    in nats of the modes' shares p̂ among them: 0 where they are even, log K where all is one mode, NaN where no sample
    fell on any.
    """

    modes: int
    covered: int
    high_quality: float
    reverse_kl: float
    counts: np.ndarray

    def figures(self) -> dict[str, float]:
        """The three figures under the names that a log gives them."""
        return {
            "modes": float(self.covered),
            "high_quality": self.high_quality,
            "reverse_kl": self.reverse_kl,
        }


def histogram_divergence(counts: Any) -> float:
    """KL(p̂ ‖ uniform) = Σ p̂ log(K p̂) in nats of K counts, with 0 log 0 = 0; NaN where all are 0.

    A perfect sampler has about (K - 1) / 2N of N samples, not 0. ValueError for negative counts or none.
    """
    counts = checks.numbers("histogram_divergence", "counts", counts, "(K,)", ndim=1)
    if len(counts) == 0 or not (np.isfinite(counts) & (counts >= 0)).all():
        raise ValueError(f"[histogram_divergence] expected K >= 1 counts >= 0, got {counts}")
    if not counts.any():
        return float("nan")
    shares = counts[counts > 0] / counts.sum()
    return max(0.0, float((shares * np.log(shares * len(counts))).sum()))


def mode_coverage(samples: Any, centers: Any, std: float, *, within: float = 3.0) -> ModeCoverage:
    """Modes reached by points (N, D) of an equal mixture of N(centre, std² I), `centers` (K, D).

    A sample is of high quality if its Euclidean distance to the nearest centre is at most `within` standard
    deviations; it falls on that mode, and a mode is covered by one such sample. Samples that are not finite are of
    none. The published tables take N = 2,500 and `within` = 3 (VEEGAN, arXiv:1705.07761; PacGAN, arXiv:1712.04086),
    some other papers 4. In the plane a perfect sampler has the share 1 - exp(-within² / 2): 0.98889 within 3.
    TypeError for what are no real numbers, ValueError for no samples or centres, two dimensions, and a `std` or
    `within` that is not finite and > 0.
    """
    name = "mode_coverage"
    centers = checks.samples(name, "centers", centers)
    samples = checks.numbers(name, "samples", samples, "(N, D)")
    if len(samples) == 0 or samples.shape[1] != centers.shape[1]:
        shapes = f"{samples.shape} and {centers.shape}"
        raise ValueError(f"[{name}] expected samples (N, D), N >= 1, and centers (K, D), got {shapes}")
    reach = _positive(name, "within", within) * _positive(name, "std", std)
    nearest, distances = _nearest_centers(samples, centers)
    good = distances <= reach
    return _coverage(np.bincount(nearest[good], minlength=len(centers)), len(samples))


def stacked_coverage(digits: Any, classes: int = 10) -> ModeCoverage:
    """Modes of stacked MNIST reached by images whose channels show `digits` (N, C): the classes^C tuples.

    The digits are a classifier's: with a judge of single images, `judge.probabilities(channel).argmax(1)` for each of
    the three channels. Every sample counts, so `high_quality` is 1. A perfect sampler has a `reverse_kl` of 0.0192 at
    the usual 26,000 samples (Metz et al. 2017, arXiv:1611.02163; VEEGAN). TypeError for digits that are no integers,
    ValueError for those outside 0 … classes - 1, none of them, and more than 2²⁴ modes.
    """
    name = "stacked_coverage"
    classes = integer(name, "classes", classes, 1)
    labels = np.asarray(digits)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"[{name}] expected digits as integers, got dtype {labels.dtype}")
    if labels.ndim != 2 or 0 in labels.shape or classes ** labels.shape[1] > 2**24:
        raise ValueError(f"[{name}] expected digits (N, C) with at most 2**24 modes classes^C, got {labels.shape}")
    wrong = np.argwhere((labels < 0) | (labels >= classes))
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        raise ValueError(f"[{name}] expected digits in 0 … {classes - 1}, got {labels[at]} at {at}")
    modes = np.ravel_multi_index(tuple(labels.T.astype(np.int64)), (classes,) * labels.shape[1])
    return _coverage(np.bincount(modes, minlength=classes ** labels.shape[1]), len(labels))


def _positive(function: str, name: str, value: Any) -> float:
    return float(number(function, name, value, 0, finite=True, above=True))


def _nearest_centers(samples: np.ndarray, centers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centre of each sample, the first of several, and its distance; infinite for samples that are not."""
    nearest = np.zeros(len(samples), np.int64)
    distances = np.full(len(samples), np.inf)
    for k, center in enumerate(centers):
        with np.errstate(over="ignore", invalid="ignore"):
            new = np.sqrt(np.square(samples - center).sum(1))
        closer = new < distances
        nearest[closer], distances[closer] = k, new[closer]
    return nearest, distances


def _coverage(counts: np.ndarray, total: int) -> ModeCoverage:
    return ModeCoverage(
        modes=len(counts),
        covered=int(np.count_nonzero(counts)),
        high_quality=float(counts.sum() / total),
        reverse_kl=histogram_divergence(counts),
        counts=counts,
    )
