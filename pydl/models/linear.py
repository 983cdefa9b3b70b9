"""What the linear classifiers have in common: one net input z = w·x + b, and a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import from_numpy
from ..tensor import Tensor
from .estimator import BaseClassifier


class BinaryLinear(BaseClassifier):
    """Two classes told apart by the sign of z = w·x + b: z ≥ 0 is the larger one, `classes_[1]`.

    `w_` (features,), `b_` ().
    """

    w_: np.ndarray
    b_: np.ndarray
    _at_most = 2

    def _begin(self, X: Any, y: Any, low: float, high: float) -> tuple[Tensor, Tensor]:
        """X as a float64 tensor, and the targets: `low` for `classes_[0]`, `high` for `classes_[1]`."""
        X, labels = self._check_training(X, y)
        return from_numpy(X.astype(np.float64)), from_numpy(np.where(labels == 1, high, low))

    def decision_function(self, X: Any) -> np.ndarray:
        """z = w·x + b of each row."""
        X = from_numpy(self._check_rows("decision_function", X).astype(np.float64))
        return (X @ from_numpy(self.w_) + from_numpy(self.b_)).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row."""
        larger = self.decision_function(X) >= 0
        return self.classes_[larger.astype(int)]
