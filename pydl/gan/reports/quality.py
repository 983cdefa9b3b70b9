"""What a judge says of generated images, and whether those of conditional generators show what they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from .judge import Judge, describe, train_judge
from .report import Report


class QualityReport(Report):
    """Adds a judge's figures on `count` generated images to every `every`-th epoch and the last.

    The figures are "sure" and "classes", and at the end, as "judge/…", those of the real test images, the judge's own
    accuracy and what it finds when it compares generated with test images; then they are printed in words. The judge
    is trained when it is first asked.
    """

    def __init__(self, train: Any, test: Any, *, every: int = 10, count: int = 1000, seed: int = 0) -> None:
        super().__init__(every, count, seed)
        self.train, self.test = train, test
        self.judge: Judge | None = None

    def figures(self, samples: np.ndarray, last: bool) -> dict[str, float]:
        if self.judge is None:
            self.judge = train_judge(self.train, self.test, seed=self.seed)
        found = self.judge.report(samples)
        if not last:
            return {name: found[name] for name in ("sure", "classes")}
        found |= self._compared(self.judge, samples)
        self.words = describe(found, len(self.train.classes))
        return {name if name in ("sure", "classes") else f"judge/{name}": value for name, value in found.items()}

    def _compared(self, judge: Judge, samples: np.ndarray) -> dict[str, float]:
        """Generated against test images, and the Fréchet distance of as many training images for a scale.

        Nothing for fewer than four, which have no third neighbours.
        """
        count = min(len(samples), len(self.train), len(self.test))
        if count < 4:
            return {}
        real, known = (dataset.batch(np.arange(count))[0] for dataset in (self.test, self.train))
        scale = judge.compare(real, known)["frechet_classifier_distance"]
        return {**judge.compare(real, samples[:count]), "frechet_classifier_distance_real": scale}


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
