"""The perceptron (Rosenblatt 1957), by both of its algorithms, and the bound on its mistakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from .. import from_numpy
from ..checks import integer
from ..tensor import Tensor
from .checks import check_flag
from .descent import Descent, Rows, start
from .linear import BinaryLinear


@dataclass(kw_only=True, eq=False)
class Perceptron(Descent, BinaryLinear):
    """Rosenblatt's rule: Δw = η (target - output) x and Δb = η (target - output).

    output = +1 where z = w·x + b ≥ 0, else -1; targets are ±1, so only a wrong row changes anything, by 2η x.
    Learning is on-line in the order of the rows unless `mode` and `shuffle` say otherwise; "batch" and "minibatch"
    add up the changes of their rows. `updates_`: in each epoch, how many rows were wrong when their turn came; `cost_`:
    the perceptron criterion -Σ t z over the wrong rows, after each epoch. `w_` (features,), `b_` ().
    (Rosenblatt, "The perceptron: a perceiving and recognizing automaton", 1957.)
    """

    eta: float = 0.1
    epochs: int = 10
    mode: str = "online"
    shuffle: bool = False

    updates_: list[int] = field(init=False, repr=False)

    def fit(self, X: Any, y: Any, init: Any = None, callback: Callable[[Any], None] | None = None) -> Self:
        """X (rows, features), y (rows,) of two classes; starts from `init`, a pair (w, b), or from zeros.

        TypeError or ValueError for hyper-parameters, rows, classes or an `init` that do not fit; DivergenceError where
        the cost is no longer finite.
        """
        self._check_params()
        X, t = self._begin(X, y, -1.0, 1.0)
        self.w_, self.b_ = start("Perceptron.fit", init, (X.shape[1],), ())
        w, b = from_numpy(self.w_), from_numpy(self.b_)
        wrong: list[int] = []

        def step(rows: Rows) -> None:
            error = t[rows] - output(X[rows] @ w + b)
            w.add_(self.eta * (X[rows].T @ error))
            b.add_(self.eta * error.sum())
            wrong.append(int(error.abs().sum()) // 2)

        def cost() -> float:
            self.updates_.append(sum(wrong))
            wrong.clear()
            return float((-t * (X @ w + b)).clamp(min=0.0).sum())

        self.updates_ = []
        self._descend(len(X), step, cost, callback)
        return self


def output(z: Tensor) -> Tensor:
    """+1 where z ≥ 0, else -1."""
    return (z >= 0).to(z.dtype) * 2.0 - 1.0


@dataclass(kw_only=True, eq=False)
class MistakePerceptron(BinaryLinear):
    """The perceptron algorithm: while there is a row with t (w·x) ≤ 0, w ← w + t x; targets t = ±1.

    It starts at w = 0, where every row counts as wrong. Rows are taken in turn until a whole round is free of
    mistakes; then `converged_` is True. If the classes can be separated this happens after at most (R/γ)² updates
    (`convergence_bound`), whatever the order; if not, it never does, and learning ends after `max_updates`.
    With `fit_intercept` each x is lengthened by a constant 1, whose weight is b. `updates_`: the number of updates;
    `w_` (features,), `b_` (). (Novikoff, "On convergence proofs for perceptrons", 1962.)
    """

    fit_intercept: bool = True
    max_updates: int = 10_000

    updates_: int = field(init=False, repr=False)
    converged_: bool = field(init=False, repr=False)

    def fit(self, X: Any, y: Any) -> Self:
        """X (rows, features), y (rows,) of two classes.

        TypeError or ValueError for hyper-parameters, rows or classes that do not fit.
        """
        integer("MistakePerceptron.fit", "max_updates", self.max_updates, 1)
        check_flag("MistakePerceptron.fit", "fit_intercept", self.fit_intercept)
        tensors = self._begin(X, y, -1.0, 1.0)
        rows, t = with_constant(tensors[0].numpy(), self.fit_intercept), tensors[1].numpy()
        w = np.zeros(rows.shape[1])
        i = right = self.updates_ = 0
        while right < len(rows) and self.updates_ < self.max_updates:
            if t[i] * (w @ rows[i]) <= 0:
                w = w + t[i] * rows[i]
                self.updates_ += 1
                right = 0
            else:
                right += 1
            i = (i + 1) % len(rows)
        self.converged_ = right == len(rows)
        features = self.n_features_in_
        self.w_, self.b_ = w[:features], np.array(w[features:].sum())
        return self


def with_constant(X: np.ndarray, wanted: bool = True) -> np.ndarray:
    """X with a last column of ones, so that a bias is a weight like the others."""
    return np.column_stack([X, np.ones(len(X))]) if wanted else X


def convergence_bound(X: Any, t: Any, w: Any) -> float:
    """(R/γ)²: more updates than this the perceptron algorithm never makes (Novikoff 1962).

    X (rows, features) as the algorithm sees it (`with_constant`, if it does), targets t (rows,) = ±1, and any w that
    separates them. R = max |x| and γ = min t (w·x) / |w|, the margin. ValueError if w does not separate.
    """
    X, t, w = (np.asarray(value, np.float64) for value in (X, t, w))
    if X.ndim != 2 or t.shape != X.shape[:1] or w.shape != X.shape[1:]:
        shapes = f"{X.shape}, {t.shape} and {w.shape}"
        raise ValueError(f"[convergence_bound] expected X (rows, features), t (rows,), w (features,), got {shapes}")
    margin = float((t * (X @ w)).min() / (np.linalg.norm(w) or 1.0))
    if not margin > 0:
        raise ValueError(f"[convergence_bound] expected w to separate the rows, got a margin of {margin:g}")
    return float((np.linalg.norm(X, axis=1).max() / margin) ** 2)
