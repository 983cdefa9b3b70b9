"""Adversarial training with the classes of the data."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..tensor import Tensor
from .noise import Codes
from .trainer import GANTask, Samples


class ConditionalTask(GANTask):
    """A generator that is asked for classes: those of the real samples of the batch, so that both have one p(c).

    Batches are (samples, classes) with class indices; ValueError for those out of range. Samples drawn for a picture
    ask for the classes 0, 1, 2, … over and over.
    """

    noise: Codes

    def read(self, batch: Any) -> Samples:
        if not isinstance(batch, (tuple, list)) or len(batch) < 2:
            raise ValueError(f"[{type(self).__name__}] expected batches (samples, classes), got no classes")
        return Samples(super().read(batch).data, ops.one_hot(batch[1], self.noise.classes).float())

    def latent(self, real: Samples) -> Tensor:
        return self.noise(real.data.shape[0], self.rng, real.given)
