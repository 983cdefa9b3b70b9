"""The quality of a GAN's images during training, and in words at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..train.callbacks import Callback
from .quality import Judge, describe, train_judge

if TYPE_CHECKING:
    from ..train.loop import Loop


class QualityReport(Callback):
    """Adds a judge's figures on `count` generated images to every `every`-th epoch and the last.

    The figures are "sure" and "classes", and at the end those of the real test images too, with the judge's own
    accuracy; then they are printed in words. The judge is trained when it is first asked.
    """

    def __init__(self, train: Any, test: Any, *, every: int = 10, count: int = 1000, seed: int = 0) -> None:
        self.train, self.test, self.every, self.count, self.seed = train, test, every, count, seed
        self.judge: Judge | None = None
        self.words = ""

    def on_evaluate(self, loop: Loop) -> dict[str, float]:
        epoch = loop.epoch + 1
        last = epoch == loop.epochs
        if not last and epoch % self.every:
            return {}
        if self.judge is None:
            self.judge = train_judge(self.train, self.test, seed=self.seed)
        images = loop.task.sample(self.count, seed=self.seed)  # type: ignore[attr-defined]
        figures = self.judge.report(images)
        if last:
            self.words = describe(figures, len(self.train.classes))
        return figures if last else {name: figures[name] for name in ("sure", "classes")}

    def on_train_end(self, loop: Loop) -> None:
        if self.words:
            print(self.words)
