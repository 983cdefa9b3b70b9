"""Logistic regression: one neuron with the logistic sigmoid, and the loss that belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .. import from_numpy
from ..ops import binary_cross_entropy_with_logits, sigmoid
from .descent import Descent, Rows, count, start
from .linear import BinaryLinear
from .penalty import Penalty, soft_threshold


@dataclass(kw_only=True, eq=False)
class LogisticRegression(Descent, Penalty, BinaryLinear):
    """a = σ(z) = 1/(1 + e⁻ᶻ), z = w·x + b, is the probability of class 1 given x: P(y|x) = aʸ (1 - a)¹⁻ʸ.

    The loss is the negative log-likelihood L = -Σ [y log a + (1 - y) log(1 - a)], y = 0 or 1. σ′ cancels in its
    gradient, ∂L/∂wⱼ = -Σ (y - a) xⱼ, so the rule is Adaline's: w ← w - η ∂L/∂w = w + η Σ (y - a) x, the sum over the
    rows of a step (with ½ Σ (y - a)² as the loss σ′ would stay, and L would not be convex). With a penalty (l1, l2)
    on the weights it is L plus n times the penalty that falls. `cost_`: that sum after each epoch; `w_` (features,),
    `b_` (). (Cox, "The regression analysis of binary sequences", 1958.)
    """

    def fit(self, X: Any, y: Any, init: Any = None, callback: Callable[[Any], None] | None = None) -> Self:
        """X (rows, features), y (rows,) of two classes; starts from `init`, a pair (w, b), or from zeros.

        TypeError or ValueError for hyper-parameters, rows, classes or an `init` that do not fit; DivergenceError where
        the cost is no longer finite.
        """
        self._check_params()
        self._check_penalty()
        X, y = self._begin(X, y, 0.0, 1.0)
        self.w_, self.b_ = start("LogisticRegression.fit", init, (X.shape[1],), ())
        w, b = from_numpy(self.w_), from_numpy(self.b_)

        def step(rows: Rows) -> None:
            error = y[rows] - sigmoid(X[rows] @ w + b)
            eta_n = self.eta * count(rows, X)
            w.add_(self.eta * (X[rows].T @ error) - eta_n * self.l2 * w)
            b.add_(self.eta * error.sum())
            soft_threshold(self.w_, eta_n * self.l1)

        def cost() -> float:
            loss = binary_cross_entropy_with_logits(X @ w + b, y, reduction="sum")
            return float(loss) + len(X) * self._penalty(self.w_)

        self._descend(len(X), step, cost, callback)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """(rows, 2): 1 - a and a, the probabilities of `classes_`."""
        a = sigmoid(from_numpy(self.decision_function(X))).numpy()
        return np.column_stack([1 - a, a])
