"""Softmax regression: logistic regression for any number of classes at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from .. import from_numpy
from ..ops import cross_entropy, one_hot, softmax
from .descent import Descent, Rows, count, start
from .estimator import ScoreClassifier
from .penalty import Penalty, soft_threshold


@dataclass(kw_only=True, eq=False)
class SoftmaxRegression(Descent, Penalty, ScoreClassifier):
    """a_k = e^{z_k} / Σⱼ e^{z_j}, z = xW + b, is the probability of class k given x.

    The loss is the cross-entropy L = -Σᵢ Σ_k y_ik log a_ik, y the classes as one-hot rows. Its gradient is
    ∂L/∂z = a - y, so W ← W - η Xᵀ(a - Y) and b ← b - η Σ (a - y), the sum over the rows of a step. With a penalty
    (l1, l2) on the weights it is L plus n times the penalty that falls. `cost_`: that sum after each epoch; `w_`
    (features, classes), `b_` (classes,). (Bridle 1990; multinomial logit: McFadden 1974.)
    """

    w_: np.ndarray = field(init=False, repr=False)
    b_: np.ndarray = field(init=False, repr=False)

    def fit(self, X: Any, y: Any, init: Any = None, callback: Callable[[Any], None] | None = None) -> Self:
        """X (rows, features), y (rows,) of two classes or more; starts from `init`, a pair (w, b), or from zeros.

        TypeError or ValueError for hyper-parameters, rows, classes or an `init` that do not fit; DivergenceError where
        the cost is no longer finite.
        """
        self._check_params()
        self._check_penalty()
        X, y = self._check_training(X, y)
        X, labels, classes = from_numpy(X.astype(np.float64)), from_numpy(y), len(self.classes_)
        Y = one_hot(labels, classes).to(X.dtype)
        self.w_, self.b_ = start("SoftmaxRegression.fit", init, (X.shape[1], classes), (classes,))
        w, b = from_numpy(self.w_), from_numpy(self.b_)

        def step(rows: Rows) -> None:
            error = softmax(X[rows] @ w + b, 1) - Y[rows]
            eta_n = self.eta * count(rows, X)
            w.sub_(self.eta * (X[rows].T @ error) + eta_n * self.l2 * w)
            b.sub_(self.eta * error.sum(0))
            soft_threshold(self.w_, eta_n * self.l1)

        def cost() -> float:
            return float(cross_entropy(X @ w + b, labels, reduction="sum")) + len(X) * self._penalty(self.w_)

        self._descend(len(X), step, cost, callback)
        return self

    def _scores(self, X: np.ndarray) -> np.ndarray:
        return (from_numpy(X.astype(np.float64)) @ from_numpy(self.w_) + from_numpy(self.b_)).numpy()

    def predict_proba(self, X: Any) -> np.ndarray:
        """a (rows, classes), the probabilities of `classes_`."""
        return softmax(from_numpy(self._scores(self._check_rows("predict_proba", X))), 1).numpy()
