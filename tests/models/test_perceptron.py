"""The perceptron: published runs on iris, and the convergence theorem."""

import numpy as np
import pytest

import pydl
from pydl.models import MistakePerceptron, Perceptron, convergence_bound
from pydl.models.perceptron import with_constant


def test_sepal_and_petal_length_from_zero(iris):
    model = Perceptron(eta=0.1, epochs=10).fit(iris[0][:100, [0, 2]], iris[1][:100])
    assert model.updates_ == [2, 2, 3, 2, 1, 0, 0, 0, 0, 0]
    np.testing.assert_allclose([model.b_, *model.w_], [-0.40, -0.68, 1.82], atol=1e-12)
    assert model.cost_[-1] == 0


def test_three_features_from_zero(iris):
    model = Perceptron(eta=0.1, epochs=10).fit(iris[0][:100, 1:], iris[1][:100])
    assert model.updates_ == [2, 2, 1, 0, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose([model.b_, *model.w_], [-0.2, -0.82, 1.04, 0.44], atol=1e-12)


def test_from_small_random_weights(iris):
    """The published run starts from these normal numbers; its eight digits come out."""
    bias, *w = 0.01 * np.array([1.690525703800356, -0.4659373705408328, 0.0328201636785844])
    model = Perceptron(eta=0.1, epochs=10).fit(iris[0][:100, [0, 2]], iris[1][:100], init=(w, bias))
    assert model.updates_ == [1, 3, 3, 2, 1, 0, 0, 0, 0, 0]
    np.testing.assert_allclose([model.b_, *model.w_], [-0.38309474, -0.70465937, 1.8403282], atol=5e-9)


def test_from_zero_eta_only_scales_the_weights(iris):
    X, y = iris[0][:100], iris[1][:100]
    one, four = Perceptron(eta=0.25).fit(X, y), Perceptron(eta=1.0).fit(X, y)
    np.testing.assert_allclose(4 * one.w_, four.w_, atol=1e-12)
    assert one.updates_ == four.updates_


def separable(seed, n=200, features=5, margin=0.1):
    """Rows in the unit cube, no nearer to a random plane through 0 than `margin`; the plane; ±1 targets."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=features)
    w /= np.linalg.norm(w)
    X = rng.uniform(-1, 1, size=(4 * n, features))
    X = X[np.abs(X @ w) > margin][:n]
    return X, w, np.sign(X @ w)


@pytest.mark.parametrize("seed", range(8))
def test_the_number_of_updates_stays_below_the_bound(seed):
    X, w, t = separable(seed)
    model = MistakePerceptron(fit_intercept=False).fit(X, t)
    assert model.converged_
    assert (t * (X @ model.w_) > 0).all()
    assert 0 < model.updates_ <= convergence_bound(X, t, w)
    assert model.updates_ <= convergence_bound(X, t, model.w_)


def test_the_bound_with_a_bias(iris):
    X, y = iris[0][:100], iris[1][:100]
    model = MistakePerceptron().fit(X, y)
    assert model.converged_
    assert model.score(X, y) == 1
    w = [*model.w_, model.b_]
    assert model.updates_ <= convergence_bound(with_constant(X), np.where(y == 1, 1, -1), w)


def test_the_bound_is_reached_on_a_worst_case():
    """Rows tᵢ eᵢ along n axes: R = 1, γ = 1/√n, so at most n updates; each row needs one of its own."""
    t = np.array([1, -1, -1, 1, -1])
    X = np.diag(t.astype(float))
    assert convergence_bound(X, t, np.ones(5)) == pytest.approx(5)
    assert MistakePerceptron(fit_intercept=False).fit(X, t).updates_ == 5


def test_classes_that_overlap_never_converge(iris):
    model = MistakePerceptron(max_updates=500).fit(iris[0][50:], iris[1][50:])
    assert not model.converged_
    assert model.updates_ == 500
    with pytest.raises(ValueError, match=r"\[convergence_bound\] expected w to separate the rows"):
        convergence_bound([[1.0], [-1.0]], [1, 1], [1.0])
    with pytest.raises(ValueError, match=r"expected X \(rows, features\), t \(rows,\), w \(features,\), got \(1, 2\)"):
        convergence_bound([[1.0, 2.0]], [1, 1], [1.0, 2.0])
    with pytest.raises(TypeError, match=r"\[MistakePerceptron.fit\] expected fit_intercept as True or False"):
        MistakePerceptron(fit_intercept="no").fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("threads_wanted", [1, 3])
def test_the_same_bits_at_any_number_of_threads(iris, threads, threads_wanted):
    threads(threads_wanted)
    model = Perceptron(mode="sgd", random_state=5).fit(iris[0][50:], iris[1][50:])
    again = Perceptron(mode="sgd", random_state=5).fit(pydl.tensor(iris[0][50:], dtype=pydl.float64), iris[1][50:])
    assert model.w_.tobytes() == again.w_.tobytes()
