"""XOR: no single layer can learn it (Minsky and Papert 1969); two can, which test_mlp_classifier.py shows."""

import numpy as np
import pytest

from pydl.models import (
    Adaline,
    Hebb,
    LinearRegression,
    LogisticRegression,
    MistakePerceptron,
    OneVsRest,
    Perceptron,
    SoftmaxRegression,
)

X, Y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
LINEAR = [
    Perceptron(epochs=50),
    MistakePerceptron(max_updates=1000),
    Hebb(),
    Adaline(mode="closed"),
    Adaline(eta=0.1, epochs=100, mode="online"),
    LogisticRegression(eta=0.5, epochs=200),
    SoftmaxRegression(eta=0.5, epochs=200),
    OneVsRest(Perceptron(epochs=20)),
]


@pytest.mark.parametrize("model", LINEAR, ids=lambda m: type(m).__name__)
def test_one_layer_gets_at_most_three_of_four(model):
    assert model.fit(X, Y).score(X, Y) <= 0.75
    noisy = np.tile(X, (5, 1)) + np.random.default_rng(0).normal(0, 0.05, (20, 2))
    assert model.fit(noisy, np.tile(Y, 5)).score(noisy, np.tile(Y, 5)) <= 0.75


def test_no_line_gets_more_than_three_of_four():
    """w·x + b ≥ 0 on (0,1) and (1,0) means w₁ + w₂ + 2b ≥ 0, and < 0 on (0,0) and (1,1) the contrary."""
    rng = np.random.default_rng(0)
    lines = rng.normal(size=(20_000, 3)) * 10 ** rng.uniform(-3, 3, (20_000, 3))
    right = ((lines[:, :2] @ X.T + lines[:, 2:] >= 0) == Y).sum(axis=1)
    assert right.max() == 3


def test_least_squares_sees_nothing_in_it():
    """The best plane through XOR is the constant ½: the classes are uncorrelated with both inputs."""
    model = LinearRegression().fit(X, Y)
    np.testing.assert_allclose([*model.w_, model.b_], [0, 0, 0.5], atol=1e-15)
    assert model.score(X, Y) == pytest.approx(0, abs=1e-12)
