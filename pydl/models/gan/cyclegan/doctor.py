"""The doctor of translators."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....autograd import no_grad
from ....creation import from_numpy
from ....gan import Doctor
from ....gan.trainer import draw
from ....tensor import Tensor


class TranslationDoctor(Doctor):
    """A doctor of translators: translated training images of A are to vary as what `other` makes of them does.

    It does not look for memorising: a translation is of an image that was given.
    """

    def __init__(self, train: Any, other: Any, **options: Any) -> None:
        self.other = other
        super().__init__(train, **options)

    def images(self) -> Tensor:
        """Training images of A."""
        return from_numpy(np.ascontiguousarray(super().real()))

    def real(self) -> np.ndarray:
        with no_grad():
            return self.other(self.images()).numpy()

    def labels(self) -> np.ndarray:
        """All of one: a translation keeps the class of what it is of."""
        return np.zeros(self.count, np.int64)

    def samples(self, task: Any) -> np.ndarray:
        return draw(task.sampler(), task.ranged(self.images()), task.centre)
