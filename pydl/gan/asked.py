"""Whether conditional generators show what they are asked for."""

from __future__ import annotations

import numpy as np

from .report import QualityReport


class AskedReport(QualityReport):
    """`QualityReport`, and as "asked" the share of images of the class asked for: 0, 1, 2, … over and over.

    The judge names the class of every image, sure or not; of real test images it names "judge/classifier_accuracy"
    right. At the end "asked/<class>" is the share for each class.
    """

    def figures(self, samples: np.ndarray, last: bool) -> dict[str, float]:
        found = super().figures(samples, last)
        assert self.judge is not None
        probabilities = self.judge.probabilities(np.ascontiguousarray(samples, np.float32))
        names = self.train.classes
        wanted = np.arange(len(samples)) % len(names)
        right = probabilities.argmax(1) == wanted
        found["asked"] = float(right.mean())
        if last:
            each = {name: float(right[wanted == i].mean()) for i, name in enumerate(names[: len(samples)])}
            found |= {f"asked/{name}": share for name, share in each.items()}
            least = min(each, key=each.__getitem__)
            self.words += f"; {found['asked']:.1%} show the class asked for, {each[least]:.1%} where that is {least}"
        return found
