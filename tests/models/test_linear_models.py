"""Adaline, linear, logistic and softmax regression: published figures on iris, closed forms, penalties.

The figures are those of the tests and the documentation of mlxtend (Raschka, JOSS 3(24), 638, 2018).
"""

import numpy as np
import pytest

import pydl
from pydl.models import Adaline, LinearRegression, LogisticRegression, OneVsRest, Perceptron, SoftmaxRegression


def small_weights(*shape):
    """The start of the published runs: N(0, 0.01²) weights, biases 0."""
    return np.random.RandomState(1).normal(0, 0.01, shape)


def test_adaline_in_closed_form(two_species):
    model = Adaline(mode="closed").fit(*two_species)
    np.testing.assert_allclose([*model.w_, model.b_], [-0.0793, 1.0228, 0], atol=5e-5)
    assert model.cost_ == pytest.approx([3.786], abs=5e-4)
    assert model.score(*two_species) == 1


@pytest.mark.parametrize(("mode", "cost"), [("batch", 3.79), ("online", 3.81), ("sgd", 3.85), ("minibatch", 3.87)])
def test_adaline_by_descent_comes_near_the_closed_form(two_species, mode, cost):
    model = Adaline(eta=0.01, epochs=30, mode=mode, batch_size=20).fit(*two_species)
    near = 5e-3 if mode == "batch" else 0.06
    np.testing.assert_allclose([*model.w_, model.b_], [-0.08, 1.02, 0], atol=near)
    assert 3.786 < model.cost_[-1] < cost + 0.05
    assert model.score(*two_species) == 1


def test_the_published_descent_of_adaline(two_species):
    model = Adaline(eta=0.01, epochs=30, mode="batch").fit(*two_species, init=(small_weights(2), 0))
    assert (round(model.cost_[-1], 2), *model.w_.round(2)) == (3.79, -0.08, 1.02)


def test_logistic_regression(two_species):
    model = LogisticRegression(eta=0.01, epochs=100).fit(*two_species)
    np.testing.assert_allclose([*model.w_, model.b_], [1.2, 4.4, 0.52], atol=5e-3)
    np.testing.assert_allclose(model.predict_proba(two_species[0][[0, 48, 99]])[:, 1], [0.009, 0.012, 0.993], atol=5e-4)
    assert model.score(*two_species) == 1


def test_logistic_regression_with_l2(two_species):
    """Published with a penalty on the sum of the losses: λ = 1 there is l2 = 1/100 on the mean of 100."""
    model = LogisticRegression(eta=0.01, epochs=20, l2=0.01).fit(*two_species, init=(small_weights(2), 0))
    np.testing.assert_allclose(model.w_, [1.061, 2.280], atol=5e-4)


def test_softmax_regression_of_two_species(three_species):
    X, y = three_species[0][:100], three_species[1][:100]
    for l2, w in ((0.0, [[0.13, -0.12], [-3.07, 3.05]]), (0.01, [[-0.17, 0.17], [-2.26, 2.26]])):
        model = SoftmaxRegression(eta=0.005, epochs=200, l2=l2).fit(X, y, init=(small_weights(2, 2), [0, 0]))
        np.testing.assert_allclose(model.w_, w, atol=6e-3)
        assert model.score(X, y) == 1


def test_softmax_regression_of_three_species(three_species):
    X, y = three_species
    model = SoftmaxRegression(eta=0.005, epochs=200).fit(X, y, init=(small_weights(2, 3), [0, 0, 0]))
    np.testing.assert_allclose(model.w_, [[-0.95, -2.45, 3.4], [-3.95, 2.34, 1.59]], atol=6e-3)
    expected = [[0.99, 0.01, 0.0], [0.01, 0.88, 0.11], [0.0, 0.02, 0.98]]
    np.testing.assert_allclose(model.predict_proba(X[[0, 50, 149]]), expected, atol=5e-3)
    assert model.score(X, y) == 1


def test_softmax_of_two_classes_is_logistic_regression(two_species):
    """z₁ - z₀ obeys the logistic rule with twice the learning rate."""
    logistic = LogisticRegression(eta=0.01, epochs=40).fit(*two_species)
    softmax = SoftmaxRegression(eta=0.005, epochs=40).fit(*two_species)
    np.testing.assert_allclose(softmax.w_[:, 1] - softmax.w_[:, 0], logistic.w_, atol=1e-12)
    np.testing.assert_allclose(softmax.decision_function(two_species[0]), logistic.decision_function(two_species[0]))


def line(n=40, features=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, features))
    return X, X @ np.arange(1.0, features + 1) - 2 + 0.1 * rng.normal(size=n)


def test_linear_regression_in_closed_form_solves_the_normal_equations():
    X, y = line()
    model = LinearRegression().fit(X, y)
    A = np.column_stack([X, np.ones(len(X))])
    np.testing.assert_allclose([*model.w_, model.b_], np.linalg.solve(A.T @ A, A.T @ y), atol=1e-10)
    assert model.score(X, y) > 0.99
    assert model.cost_[0] == pytest.approx(0.5 * ((y - model.predict(X)) ** 2).sum())


def test_ridge_in_closed_form():
    X, y = line()
    model = LinearRegression(l2=0.5).fit(X, y)
    C, t = X - X.mean(axis=0), y - y.mean()
    np.testing.assert_allclose(model.w_, np.linalg.solve(C.T @ C + len(X) * 0.5 * np.eye(3), C.T @ t), atol=1e-10)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_gradient_descent_reaches_the_closed_form(l2):
    X, y = line()
    closed = LinearRegression(l2=l2).fit(X, y)
    descent = LinearRegression(l2=l2, mode="batch", eta=0.02, epochs=400).fit(X, y)
    np.testing.assert_allclose([*descent.w_, descent.b_], [*closed.w_, closed.b_], atol=1e-8)
    assert (np.diff(descent.cost_) <= 1e-12).all()
    sgd = LinearRegression(l2=l2, mode="sgd", eta=0.001, epochs=300).fit(X, y)
    np.testing.assert_allclose([*sgd.w_, sgd.b_], [*closed.w_, closed.b_], atol=0.05)


def test_lasso_obeys_the_optimality_conditions():
    """Where w is 0 the gradient of the mean loss is at most l1, elsewhere it is -l1 sign(w) (Tibshirani 1996)."""
    X, y = line(features=8)
    model = LinearRegression(l1=0.8, mode="batch", eta=0.01, epochs=3000).fit(X, y)
    gradient = -X.T @ (y - model.predict(X)) / len(X)
    zero = model.w_ == 0
    assert zero.any()
    assert (np.abs(gradient[zero]) <= 0.8).all()
    np.testing.assert_allclose(gradient[~zero], -0.8 * np.sign(model.w_[~zero]), atol=1e-9)


@pytest.mark.parametrize(("l1", "l2"), [(0.8, 0.1), (1.1, 0.7)])
def test_elastic_net_obeys_the_optimality_conditions(l1, l2):
    """Of mean loss + l1 ‖w‖₁ + l2/2 ‖w‖², whose subgradients hold 0: where w is 0 the loss's gradient g is at most l1,
    elsewhere g + l2 w = -l1 sign(w) (Zou and Hastie 2005). The bias is not penalised."""
    X, y = line(features=8)
    model = LinearRegression(l1=l1, l2=l2, mode="batch", eta=0.01, epochs=3000).fit(X, y)
    residual = y - model.predict(X)
    gradient = -X.T @ residual / len(X)
    zero = model.w_ == 0
    assert 0 < zero.sum() < 8
    assert (np.abs(gradient[zero]) <= l1).all()
    np.testing.assert_allclose((gradient + l2 * model.w_)[~zero], -l1 * np.sign(model.w_[~zero]), atol=1e-9)
    np.testing.assert_allclose(residual.mean(), 0, atol=1e-9)


@pytest.mark.parametrize("model", [LogisticRegression, SoftmaxRegression])
def test_the_step_is_the_gradient_that_autograd_finds(model, two_species):
    """One batch step from given weights moves them by -η ∂J/∂w of J = Σ L + n l2/2 ‖w‖²."""
    X, y = two_species
    shape = (2,) if model is LogisticRegression else (2, 2)
    init = np.arange(1.0, 1 + np.prod(shape)).reshape(shape) / 3, np.zeros(shape[1:])
    fitted = model(eta=1e-3, epochs=1, l2=0.1).fit(X, y, init=init)
    w, b = (pydl.tensor(v, dtype=pydl.float64, requires_grad=True) for v in init)
    z = pydl.from_numpy(X) @ w + b
    if model is LogisticRegression:
        t = pydl.tensor(y, dtype=pydl.float64)
        loss = pydl.binary_cross_entropy_with_logits(z, t, reduction="sum")
    else:
        loss = pydl.cross_entropy(z, pydl.from_numpy(y), reduction="sum")
    (loss + len(X) * 0.05 * w.square().sum()).backward()
    np.testing.assert_allclose(fitted.w_, init[0] - 1e-3 * w.grad.numpy(), rtol=1e-12)
    np.testing.assert_allclose(fitted.b_, init[1] - 1e-3 * b.grad.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("estimator", [Perceptron(shuffle=True), Adaline(eta=0.0005, epochs=200), LogisticRegression()])
def test_one_vs_rest(estimator, blobs):
    X, y = blobs
    names = np.array(["a", "b", "c"])[y]
    model = OneVsRest(estimator).fit(X, names)
    assert model.score(X, names) > 0.95
    assert len(model.estimators_) == 3
    assert model.decision_function(X).shape == (60, 3)
    assert "n_features_in_" not in vars(estimator)
