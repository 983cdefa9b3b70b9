"""Whether conditional generators show what they are asked for."""

from __future__ import annotations

import numpy as np

from .report import QualityReport


class AskedReport(QualityReport):
    """`QualityReport`, and as "asked" the share of images of the class asked for: 0, 1, 2, … over and over.

    The judge names the class of every image, sure or not; of real test images it names "classifier_accuracy" right.
    """

    def figures(self, samples: np.ndarray, last: bool) -> dict[str, float]:
        found = super().figures(samples, last)
        assert self.judge is not None
        probabilities = self.judge.probabilities(np.ascontiguousarray(samples, np.float32))
        wanted = np.arange(len(samples)) % len(self.train.classes)
        found["asked"] = float((probabilities.argmax(1) == wanted).mean())
        if last:
            self.words += f"; {found['asked']:.1%} show the class asked for"
        return found
