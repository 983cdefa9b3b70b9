"""Iris as the published figures saw it, and data that no test shares with another."""

import numpy as np
import pytest

from pydl import data


@pytest.fixture
def fishers_iris():
    """(X float64 (150, 4) in cm, y 0 … 2), as in Fisher's article and scikit-learn."""
    flowers = data.load("iris", "all")
    rows = [flowers[i] for i in range(len(flowers))]
    X = np.round([np.asarray(row[0], np.float64) for row in rows], 1)
    return X, np.array([int(row[1]) for row in rows])


@pytest.fixture
def iris(fishers_iris):
    """The same with the two slips of the UCI repository's copy, from which most published figures come."""
    X, y = fishers_iris
    X[34] = X[37] = [4.9, 3.1, 1.5, 0.1]
    return X, y


@pytest.fixture
def two_species(iris):
    """Sepal length and petal width of setosa and versicolor, of mean 0 and population variance 1."""
    X, y = iris[0][:100, [0, 3]], iris[1][:100]
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.fixture
def three_species(iris):
    """Sepal length and petal width of all, where the first two species were standardised on their own before.

    So did the tests from which the figures are: a view of the first 100 rows was standardised in place.
    """
    X, y = iris[0][:, [0, 3]].copy(), iris[1]
    for rows in (X[:100], X):
        rows[:] = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return X, y


@pytest.fixture
def blobs():
    """Three classes in the plane, apart from one another; 60 rows."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    return np.array([[0, 0], [6, 0], [0, 6]])[y] + rng.normal(size=(60, 2)), y
