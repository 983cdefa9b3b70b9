"""Linear regression, in closed form and by gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from .. import from_numpy
from ..tensor import Tensor
from .descent import MODES, Descent, Rows, count, start
from .estimator import BaseRegressor
from .penalty import Penalty, soft_threshold


@dataclass(kw_only=True, eq=False)
class LinearRegression(Descent, Penalty, BaseRegressor):
    """ŷ = w·x + b with the least L = ½ Σ (y - ŷ)².

    Mode "closed" solves the normal equations XᵀX w = Xᵀy. The others descend: w ← w + η Σ (y - ŷ) x and
    b ← b + η Σ (y - ŷ), the sum over the rows of a step. With a penalty (l1, l2) on the weights it is L plus n times
    the penalty that is made least: lasso, ridge, elastic net; the closed form is for l1 = 0 only. `cost_`: that sum
    after each epoch; `w_` (features,), `b_` (). (Legendre 1805; ridge: Hoerl and Kennard 1970.)
    """

    mode: str = "closed"

    _modes: ClassVar[tuple[str, ...]] = ("closed", *MODES)
    w_: np.ndarray = field(init=False, repr=False)
    b_: np.ndarray = field(init=False, repr=False)

    def fit(self, X: Any, y: Any, init: Any = None, callback: Callable[[Any], None] | None = None) -> Self:
        """X (rows, features), y (rows,) of numbers; starts from `init`, a pair (w, b), or from zeros.

        TypeError or ValueError for hyper-parameters, rows, targets or an `init` that do not fit, and for an l1 in the
        closed form; DivergenceError where the cost is no longer finite.
        """
        self._check_params()
        self._check_penalty()
        X, y = self._check_training(X, y)
        X, y = from_numpy(X.astype(np.float64)), from_numpy(y)
        self.w_, self.b_ = start("LinearRegression.fit", init, (X.shape[1],), ())
        if self.mode == "closed":
            if self.l1:
                raise ValueError(f"[LinearRegression.fit] expected l1 0 for the closed form, got {self.l1}")
            self.w_, self.b_ = least_squares(X.numpy(), y.numpy(), self.l2)
        w, b = from_numpy(self.w_), from_numpy(self.b_)

        def step(rows: Rows) -> None:
            error = y[rows] - (X[rows] @ w + b)
            eta_n = self.eta * count(rows, X)
            w.add_(self.eta * (X[rows].T @ error) - eta_n * self.l2 * w)
            b.add_(self.eta * error.sum())
            soft_threshold(self.w_, eta_n * self.l1)

        def cost() -> float:
            return half_sse(X, y, w, b) + len(X) * self._penalty(self.w_)

        if self.mode == "closed":
            self.cost_ = [cost()]
        else:
            self._descend(len(X), step, cost, callback)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """ŷ of each row."""
        X = from_numpy(self._check_rows("predict", X).astype(np.float64))
        return (X @ from_numpy(self.w_) + from_numpy(self.b_)).numpy()


def half_sse(X: Tensor, y: Tensor, w: Tensor, b: Tensor) -> float:
    """½ Σ (y - (w·x + b))²."""
    return float(0.5 * (y - (X @ w + b)).square().sum())


def least_squares(X: np.ndarray, y: np.ndarray, l2: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """w and b of the least ½ Σ (y - w·x - b)² + n l2/2 ‖w‖²; of several the shortest w.

    Means are taken off first, so that b is not penalised; l2 becomes √(n l2) I below the rows, with targets 0. The
    rows are then solved by singular values, which is better conditioned than XᵀX is.
    """
    centre, mean = X.mean(axis=0), y.mean()
    rows, targets = X - centre, y - mean
    if l2:
        rows = np.vstack([rows, np.sqrt(len(X) * l2) * np.eye(X.shape[1])])
        targets = np.concatenate([targets, np.zeros(X.shape[1])])
    w = np.linalg.lstsq(rows, targets, rcond=None)[0]
    return w, np.array(mean - centre @ w)
