"""Several classes from classifiers that know two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from .estimator import ScoreClassifier, unlearnt


@dataclass(eq=False)
class OneVsRest(ScoreClassifier):
    """One copy of a binary `estimator` for each class, learning that class (1) against all others (0).

    The class whose copy is surest wins: the largest `decision_function`, or `predict_proba` of class 1 where there is
    no such. `estimator` may be any model of these conventions, scikit-learn's too. `estimators_`: the copies, in the
    order of `classes_`. (Rifkin and Klautau, "In defense of one-vs-all classification", 2004.)
    """

    estimator: Any

    estimators_: list[Any] = field(init=False, repr=False)

    def fit(self, X: Any, y: Any) -> Self:
        """X (rows, features), y (rows,) of two classes or more.

        TypeError for an `estimator` that is no such model, ValueError for rows or classes that do not fit; other errors
        are those of its own `fit`.
        """
        model = self.estimator
        scores = hasattr(model, "decision_function") or hasattr(model, "predict_proba")
        if isinstance(model, type) or not (hasattr(model, "get_params") and scores):
            raise TypeError(f"[OneVsRest.fit] expected estimator as a model of two classes, got {model!r}")
        X, labels = self._check_training(X, y)
        self.estimators_ = [unlearnt(model).fit(X, (labels == k).astype(int)) for k in range(len(self.classes_))]
        return self

    def _scores(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([_sureness(estimator, X) for estimator in self.estimators_])


def _sureness(estimator: Any, X: np.ndarray) -> np.ndarray:
    if hasattr(estimator, "decision_function"):
        return estimator.decision_function(X)
    return estimator.predict_proba(X)[:, 1]
