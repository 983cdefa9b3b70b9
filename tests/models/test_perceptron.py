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


# train_test_split(range(150), test_size=0.3, random_state=1, stratify=y)[0]
TAUGHT = [
    33, 20, 115, 124, 35, 140, 105, 14, 129, 58, 93, 59, 2, 73, 89, 101, 24, 60, 82, 29, 126, 118, 51, 55, 80, 136, 63,
    134, 104, 114, 99, 21, 117, 146, 138, 128, 61, 122, 137, 46, 123, 28, 133, 44, 22, 72, 34, 13, 116, 86, 18, 79, 67,
    39, 10, 27, 81, 109, 40, 52, 38, 85, 125, 30, 49, 90, 142, 64, 88, 70, 135, 78, 84, 139, 132, 91, 31, 23, 130, 83,
    131, 119, 48, 96, 110, 100, 19, 4, 103, 17, 143, 69, 95, 97, 32, 145, 87, 36, 45, 77, 41, 92, 26, 3, 42,
]  # fmt: skip


def shuffle_as_published(order, seed):
    """In place: each row changes places with one that follows, which a 32-bit xorshift draws."""
    for i in range(len(order) - 1):
        seed ^= seed << 13 & 0xFFFFFFFF
        seed ^= seed >> 17
        seed ^= seed << 5 & 0xFFFFFFFF
        j = i + (seed & 0x7FFFFFFF) % (len(order) - i)
        order[i], order[j] = order[j], order[i]


def test_three_species_by_their_petals(fishers_iris):
    """The run of Raschka and Mirjalili, "Python Machine Learning", chapter 3: one of 45 unseen flowers is misnamed.

    It is scikit-learn's Perceptron(eta0=0.1, random_state=1), one species against the rest: its order of the rows, its
    numbers of epochs, its weights. There a row with z = 0 is wrong whatever its class, which the first bias does here.
    """
    X, y = fishers_iris[0][:, 2:], fishers_iris[1]
    X = (X - X[TAUGHT].mean(axis=0)) / X[TAUGHT].std(axis=0)
    scores = []
    for species, (epochs, seed, parameters) in enumerate([
        (6, 1938847964, [-0.10655204, -0.11836728, -0.1]),
        (11, 2046375892, [0.31790327, -0.36708840, 0.0]),
        (7, 160734893, [0.36018414, 0.30003858, -0.4]),
    ]):  # fmt: skip
        order, model = np.array(TAUGHT), Perceptron(eta=0.05, epochs=1)
        for epoch in range(epochs):
            shuffle_as_published(order, seed)
            wrong = -1e-300 if y[order[0]] == species else 1e-300
            start = (model.w_, model.b_) if epoch else ([0, 0], wrong)
            model.fit(X[order], y[order] == species, init=start)
        np.testing.assert_allclose([*model.w_, model.b_], parameters, atol=5e-9)
        scores.append(model.decision_function(X))
    unseen = np.setdiff1d(np.arange(150), TAUGHT)
    assert (np.argmax(scores, axis=0) != y)[unseen].sum() == 1


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
