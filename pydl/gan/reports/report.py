"""What every report does: figures during a training, and words at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...train.callbacks import Callback

if TYPE_CHECKING:
    from ...train.loop import Loop


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
