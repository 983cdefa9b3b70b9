"""Which of stacked MNIST's 1,000 modes a generator reaches, during training and in words at its end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..metrics import stacked_coverage
from ..metrics.modes import ModeCoverage
from .judge import Judge, train_judge
from .report import Report


class TriplesReport(Report):
    """How many triples of digits generated images show in their channels, "modes", and their "reverse_kl".

    The digits are those that a judge of single digits names, sure or not; it is trained when it is first asked.
    26,000 images, as in the papers that give these figures (Metz et al. 2017, arXiv:1611.02163; VEEGAN).
    """

    def __init__(self, train: Any, test: Any, *, every: int = 10, count: int = 26_000, seed: int = 0) -> None:
        super().__init__(every, count, seed)
        self.train, self.test = train, test
        self.judge: Judge | None = None

    def figures(self, samples: np.ndarray, last: bool) -> dict[str, float]:
        if self.judge is None:
            self.judge = train_judge(self.train.singles(), self.test.singles(), seed=self.seed)
        found = coverage(self.judge, samples)
        figures = {"modes": float(found.covered), "reverse_kl": found.reverse_kl}
        if last:
            floor = (found.modes - 1) / 2 / len(samples)
            self.words = (
                f"of {len(samples):,} generated images a classifier of single digits (test accuracy "
                f"{self.judge.accuracy:.1%}) finds {found.covered:,} of {found.modes:,} triples, with a reverse KL of "
                f"{found.reverse_kl:.3g} to equal shares (a perfect sampler: {floor:.3g})"
            )
            figures["judge/classifier_accuracy"] = self.judge.accuracy
        return figures


def coverage(judge: Judge, samples: np.ndarray) -> ModeCoverage:
    """`stacked_coverage` of images (N, C, H, W) in [0, 1] by the classes that `judge` sees in each channel alone."""
    channels = [np.ascontiguousarray(samples[:, c : c + 1], np.float32) for c in range(samples.shape[1])]
    digits = np.stack([judge.probabilities(channel).argmax(1) for channel in channels], 1)
    return stacked_coverage(digits)
