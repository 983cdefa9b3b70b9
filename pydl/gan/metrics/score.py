"""The score of samples by a classifier's probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks


def classifier_score(probabilities: Any) -> float:
    """exp E KL(p(y|x) ‖ p(y)) of probabilities (N, K), with p(y) their mean: from 1 to K.

    K where every sample is surely of one class and all classes are equally frequent; 1 where all samples look alike
    to the classifier. The formula is that of the Inception score (Salimans et al. 2016, arXiv:1606.03498), with a
    classifier trained here. ValueError for rows that are no probabilities.
    """
    p = checks.samples("classifier_score", "probabilities", probabilities)
    sums = p.sum(1)
    wrong = np.flatnonzero((p < 0).any(1) | (np.abs(sums - 1) > 1e-4))
    if len(wrong):
        row = p[wrong[0]].tolist()
        raise ValueError(f"[classifier_score] expected rows of probabilities that add up to 1, got {row}")
    p = p / sums[:, None]
    ratio = np.divide(p, p.mean(0), out=np.ones_like(p), where=p > 0)
    return float(np.exp((p * np.log(ratio)).sum(1).mean()))
