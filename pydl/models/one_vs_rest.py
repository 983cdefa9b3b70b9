"""Several classes from classifiers that know two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from .estimator import ScoreClassifier


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
        """X (rows, features), y (rows,) of classes."""
        if not hasattr(self.estimator, "fit") or not hasattr(self.estimator, "get_params"):
            raise TypeError(
                f"[OneVsRest.fit] expected estimator as a model with fit and get_params, got {self.estimator!r}"
            )
        X, labels = self._check_training(X, y)
        self.estimators_ = [
            type(self.estimator)(**self.estimator.get_params(deep=False)).fit(X, (labels == k).astype(int))
            for k in range(len(self.classes_))
        ]
        return self

    def _scores(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([_sureness(estimator, X) for estimator in self.estimators_])


def _sureness(estimator: Any, X: np.ndarray) -> np.ndarray:
    if hasattr(estimator, "decision_function"):
        return estimator.decision_function(X)
    return estimator.predict_proba(X)[:, 1]
