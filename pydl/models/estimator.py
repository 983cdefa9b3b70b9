"""What the models with `fit` and `predict` have in common: scikit-learn's conventions, without scikit-learn.

The constructor only stores the hyper-parameters, under their names; `fit(X, y)` checks them, learns and returns the
model; what was learnt has names that end in an underscore. scikit-learn's `clone`, `cross_val_score`, `Pipeline` and
`GridSearchCV` work with these models.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Self

import numpy as np

from .checks import check_lengths, check_X, check_y


class NotFittedError(ValueError, AttributeError):
    """A model was asked for something that it has only after `fit`."""


def _not_fitted(text: str) -> Exception:
    """A NotFittedError; where scikit-learn is in use it is scikit-learn's error of that name too."""
    theirs = sys.modules.get("sklearn.exceptions")
    bases = (NotFittedError,) if theirs is None else (NotFittedError, theirs.NotFittedError)
    return type("NotFittedError", bases, {})(text)


def unlearnt(value: Any) -> Any:
    """A copy of a hyper-parameter; of a model, one before `fit`, also in a list or tuple (the steps of a Pipeline)."""
    if type(value) in (list, tuple):
        return type(value)(unlearnt(item) for item in value)
    if hasattr(value, "get_params") and not isinstance(value, type):
        return type(value)(**{name: unlearnt(inner) for name, inner in value.get_params(deep=False).items()})
    return copy.deepcopy(value)


def whole(fit: Callable[..., Any]) -> Callable[..., Any]:
    """`fit`, which forgets what was learnt before; where it fails, it leaves the model as it was."""

    @wraps(fit)
    def anew(self: Any, *args: Any, **options: Any) -> Any:
        before = dict(vars(self))
        for name in before:
            if name.endswith("_") and not name.startswith("_"):
                delattr(self, name)
        try:
            return fit(self, *args, **options)
        except BaseException:  # Ctrl-C too
            vars(self).clear()
            vars(self).update(before)
            raise

    return anew


class Estimator:
    """Hyper-parameters by name; the base of every model here."""

    n_features_in_: int

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "fit" in vars(cls):
            cls.fit = whole(vars(cls)["fit"])  # type: ignore[attr-defined]  # not all have one

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The hyper-parameters; with `deep` those of a model among them too, as "name__parameter"."""
        params = {name: getattr(self, name) for name in sorted(inspect.signature(type(self)).parameters)}
        if deep:
            inner = {name: value.get_params() for name, value in params.items() if hasattr(value, "get_params")}
            params |= {f"{name}__{key}": value for name, values in inner.items() for key, value in values.items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Change hyper-parameters, a model's own ("name__parameter") last; all or, with a ValueError, none."""
        before, inner = self.get_params(deep=False), dict[str, dict[str, Any]]()
        try:
            for name, value in params.items():
                owner, _, key = name.partition("__")
                if owner not in before:
                    raise self._unknown(name)
                if key:
                    inner.setdefault(owner, {})[key] = value
                else:
                    setattr(self, name, value)
            for owner, values in inner.items():
                if not hasattr(getattr(self, owner), "set_params"):
                    raise self._unknown(f"{owner}__{next(iter(values))}")
                getattr(self, owner).set_params(**values)
        except Exception:
            for name, value in before.items():
                setattr(self, name, value)
            raise
        return self

    def _unknown(self, name: str) -> ValueError:
        known = ", ".join(self.get_params())
        return ValueError(
            f"[{self._name}.set_params] expected a parameter of {known}, got {name!r}: invalid parameter {name!r}"
        )

    def clone(self) -> Self:
        """A model with the same hyper-parameters that has learnt nothing."""
        return unlearnt(self)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __sklearn_is_fitted__(self) -> bool:
        return "n_features_in_" in vars(self)

    def _check_rows(self, function: str, X: Any) -> np.ndarray:
        """X as an array (rows, features) that this model can take; NotFittedError before `fit`."""
        if not self.__sklearn_is_fitted__():
            raise _not_fitted(f"[{self._name}.{function}] expected a model after fit, got one that is not fitted")
        X = check_X(f"{self._name}.{function}", X)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"[{self._name}.{function}] expected X of {self.n_features_in_} features, got {X.shape[1]} "
                f"(X has {X.shape[1]} features, but {self._name} is expecting {self.n_features_in_} features as input)"
            )
        return X


class BaseClassifier(Estimator):
    """A model whose answers are classes: `classes_`, sorted, whatever they are (integers, strings, …)."""

    classes_: np.ndarray
    _at_most: int | None = None  # how many classes it can tell apart

    def _check_training(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """X as floats, and for each row the index of its class in `classes_`."""
        function = f"{self._name}.fit"
        X, y = check_X(function, X), check_y(function, y)
        check_lengths(function, X, y)
        classes, labels = np.unique(y, return_inverse=True)
        if len(classes) < 2 or (self._at_most and len(classes) > self._at_most):
            raise ValueError(self._wrong_count(function, classes))
        self.classes_, self.n_features_in_ = classes, X.shape[1]
        return X, labels

    def _wrong_count(self, function: str, classes: np.ndarray) -> str:
        if len(classes) < 2:
            return f"[{function}] expected y of at least two classes, got one class: {classes[0].item()!r}"
        return (
            f"[{function}] expected y of two classes, got {len(classes)}; OneVsRest({self._name}()) learns more "
            "(Only binary classification is supported. The type of the target is multiclass.)"
        )

    def predict(self, X: Any) -> np.ndarray:
        """The class (rows,) of each row of X (rows, features), one of `classes_`.

        NotFittedError before `fit`; TypeError or ValueError for rows other than those that were learnt from.
        """
        raise NotImplementedError

    def score(self, X: Any, y: Any) -> float:
        """The share of the rows whose class is predicted rightly."""
        y, answers = check_y(f"{self._name}.score", y), self.predict(X)
        check_lengths(f"{self._name}.score", answers, y)
        return float(np.mean(answers == y))

    def __sklearn_tags__(self) -> Any:
        tags = import_module("sklearn.utils")
        several = tags.ClassifierTags(multi_class=self._at_most is None)
        return tags.Tags("classifier", tags.TargetTags(required=True), classifier_tags=several)


class ScoreClassifier(BaseClassifier):
    """A classifier that gives each class a score; the largest wins."""

    def _scores(self, X: np.ndarray) -> np.ndarray:
        """(rows, classes)."""
        raise NotImplementedError

    def decision_function(self, X: Any) -> np.ndarray:
        """The score of each class, (rows, classes); of two classes, the second's less the first's, (rows,)."""
        scores = self._scores(self._check_rows("decision_function", X))
        return scores if len(self.classes_) > 2 else scores[:, 1] - scores[:, 0]

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row: that of the largest score."""
        best = self._scores(self._check_rows("predict", X)).argmax(axis=1)
        return self.classes_[best]


class BaseRegressor(Estimator):
    """A model whose answers are numbers."""

    def _check_training(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        function = f"{self._name}.fit"
        X, y = check_X(function, X), check_y(function, y, numbers=True)
        check_lengths(function, X, y)
        self.n_features_in_ = X.shape[1]
        return X, y

    def predict(self, X: Any) -> np.ndarray:
        """ŷ (rows,), a number for each row of X (rows, features).

        NotFittedError before `fit`; TypeError or ValueError for rows other than those that were learnt from.
        """
        raise NotImplementedError

    def score(self, X: Any, y: Any) -> float:
        """R² = 1 - Σ(y - ŷ)² / Σ(y - ȳ)²; 1 is perfect, 0 is as good as the mean of y."""
        y, answers = check_y(f"{self._name}.score", y, numbers=True), self.predict(X)
        check_lengths(f"{self._name}.score", answers, y)
        spread, error = float(((y - y.mean()) ** 2).sum()), float(((y - answers) ** 2).sum())
        return 1.0 - error / spread if spread else float(error == 0)

    def __sklearn_tags__(self) -> Any:
        tags = import_module("sklearn.utils")
        return tags.Tags("regressor", tags.TargetTags(required=True), regressor_tags=tags.RegressorTags())
