"""How good a GAN's samples are, during training and in words at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..train.callbacks import Callback
from .metrics import mode_coverage
from .quality import Judge, describe, train_judge

if TYPE_CHECKING:
    from ..train.loop import Loop


class Report(Callback):
    """Figures on `count` generated samples, every `every`-th epoch and the last; then in words, if there are any."""

    def __init__(self, every: int, count: int, seed: int) -> None:
        self.every, self.count, self.seed = every, count, seed
        self.words = ""

    def figures(self, samples: np.ndarray, last: bool) -> dict[str, float]:
        """The figures; for the last epoch `words` are set."""
        raise NotImplementedError

    def on_evaluate(self, loop: Loop) -> dict[str, float]:
        epoch = loop.epoch + 1
        last = epoch == loop.epochs
        if not last and epoch % self.every:
            return {}
        return self.figures(loop.task.sample(self.count, seed=self.seed), last)  # type: ignore[attr-defined]

    def on_train_end(self, loop: Loop) -> None:
        if self.words:
            print(self.words)


class ModesReport(Report):
    """How many of a mixture's modes the generated points reach, and how well: "modes" and more of `mode_coverage`.

    2,500 points, as in the papers that give these figures.
    """

    def __init__(self, centres: np.ndarray, std: float, *, every: int = 1, count: int = 2500, seed: int = 0) -> None:
        super().__init__(every, count, seed)
        self.centres, self.std = centres, std

    def figures(self, samples: np.ndarray, last: bool) -> dict[str, float]:
        found = mode_coverage(samples, self.centres, self.std)
        if last:
            self.words = (
                f"of {len(samples):,} generated points {found.high_quality:.1%} lie within 3 standard deviations of a "
                f"mode (of the data: 98.9%); they reach {found.covered} of {found.modes} modes"
            )
            if found.covered:
                self.words += f", with a reverse KL of {found.reverse_kl:.3f} to equal shares"
        return found.figures()


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
