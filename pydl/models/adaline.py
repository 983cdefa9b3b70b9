"""Adaline, the adaptive linear neuron (Widrow and Hoff 1960)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from .. import from_numpy
from .descent import MODES, Descent, Rows, start
from .linear import BinaryLinear
from .linear_regression import half_sse, least_squares


@dataclass(kw_only=True, eq=False)
class Adaline(Descent, BinaryLinear):
    """Linear output a = z = w·x + b, loss L = ½ Σ (t - a)², targets t = ±1; only predict has a threshold.

    The delta rule: w ← w + η Σ (t - a) x and b ← b + η Σ (t - a), the sum over the rows of a step. So η must become
    smaller as a step sees more rows. Mode "closed" solves for the least L instead, as linear regression does; the
    others come near it. `cost_`: L after each epoch; `w_` (features,), `b_` ().
    (Widrow and Hoff, "Adaptive switching circuits", 1960.)
    """

    _modes: ClassVar[tuple[str, ...]] = ("closed", *MODES)

    def fit(self, X: Any, y: Any, init: Any = None, callback: Callable[[Any], None] | None = None) -> Self:
        """X (rows, features), y (rows,) of two classes; starts from `init`, a pair (w, b), or from zeros.

        TypeError or ValueError for hyper-parameters, rows, classes or an `init` that do not fit; DivergenceError where
        the cost is no longer finite.
        """
        self._check_params()
        X, t = self._begin(X, y, -1.0, 1.0)
        self.w_, self.b_ = start("Adaline.fit", init, (X.shape[1],), ())
        if self.mode == "closed":
            self.w_, self.b_ = least_squares(X.numpy(), t.numpy())
        w, b = from_numpy(self.w_), from_numpy(self.b_)
        if self.mode == "closed":
            self.cost_ = [half_sse(X, t, w, b)]
            return self

        def step(rows: Rows) -> None:
            error = t[rows] - (X[rows] @ w + b)
            w.add_(self.eta * (X[rows].T @ error))
            b.add_(self.eta * error.sum())

        self._descend(len(X), step, lambda: half_sse(X, t, w, b), callback)
        return self
