"""The multilayer perceptron with fit and predict."""

import copy
import pickle

import numpy as np
import pytest

import pydl
from pydl.models import MLP, MLPClassifier, Perceptron


def count(network):
    return sum(p.numel() for p in network.parameters())


def test_parameters_of_a_wide_and_of_a_deep_net():
    """Biases counted: 4-7-2 has 35 + 16 = 51, 4-4-3-2 has 20 + 15 + 8 = 43."""
    assert count(MLP(4, 2, [7])) == 51
    assert count(MLP(4, 2, [4, 3])) == 43


def test_the_published_run_on_iris(three_species):
    """10 sigmoids, 20 epochs of gradient descent: half the mean cross-entropy falls from 0.55 to 0.01.

    Published (in the tests of mlxtend) with η = 0.05 on the sum of the losses of 150 rows, which is 7.5 on their mean.
    """
    rng = np.random.RandomState(1)
    hidden, output = rng.normal(0, 0.01, (2, 10)).T, rng.normal(0, 0.01, (10, 3)).T
    model = MLPClassifier(
        eta=0.05 * 150, epochs=20, mode="batch", hidden=(10,), activation="sigmoid", optimizer="sgd"
    ).fit(*three_species, init=[(hidden, np.zeros(10)), (output, np.zeros(3))])
    assert round(model.cost_[0] / 2, 2) == 0.55
    assert round(model.cost_[-1] / 2, 2) == 0.01
    assert model.score(*three_species) == 1


def test_the_documented_run_on_iris_with_fifty_units(iris):
    """50 sigmoids, 150 epochs: 96.67 % of all flowers, half the mean cross-entropy 0.06 (the user guide of mlxtend).

    Its momentum adds a tenth of the epoch before's gradient (of the sum of the losses) to each step, as the callback
    does here. Ordinary momentum gives a gradient that weight, 0.05 + 0.1 = 0.05 / (1 - μ) in all, with μ = 2/3.
    """
    X, y = iris[0][:, [0, 3]], iris[1]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    rng = np.random.RandomState(1)
    hidden, output = rng.normal(0, 0.01, (2, 50)).T, rng.normal(0, 0.01, (50, 3)).T
    before = {}

    def momentum(model):
        for name, parameter in model.network_.named_parameters():
            parameter.detach().sub_(0.1 * 150 * before.get(name, 0.0))
            before[name] = parameter.grad.clone()

    model = MLPClassifier(
        eta=0.05 * 150, epochs=150, mode="batch", hidden=(50,), activation="sigmoid", optimizer="sgd"
    ).fit(X, y, init=[(hidden, np.zeros(50)), (output, np.zeros(3))], callback=momentum)
    assert round(100 * model.score(X, y), 2) == 96.67
    assert round(-0.5 * np.log(model.predict_proba(X)[np.arange(150), y]).mean(), 2) == 0.06
    assert round(100 * model.set_params(momentum=2 / 3).fit(X, y).score(X, y), 2) == 96.67


XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("hidden", [(8,), (8, 8)])
def test_xor_is_learnt_by_two_layers_and_more(activation, hidden):
    model = MLPClassifier(eta=0.05, epochs=400, mode="batch", hidden=hidden, activation=activation).fit(*XOR)
    assert model.score(*XOR) == 1
    assert model.cost_[-1] < 0.1


def test_without_hidden_layers_xor_is_not_learnt():
    model = MLPClassifier(eta=0.05, epochs=400, mode="batch", hidden=()).fit(*XOR)
    assert model.score(*XOR) <= 0.75
    assert model.cost_[-1] == pytest.approx(np.log(2), abs=1e-6)


def test_fit_leaves_the_random_state_as_it_was(blobs):
    pydl.manual_seed(3)
    first = pydl.rand(1).item()
    pydl.manual_seed(3)
    model = MLPClassifier(epochs=2, dropout=0.5, random_state=1).fit(*blobs)
    assert pydl.rand(1).item() == first
    again = MLPClassifier(epochs=2, dropout=0.5, random_state=1).fit(*blobs)
    assert model.cost_ == again.cost_
    assert model.cost_ != MLPClassifier(epochs=2, dropout=0.5, random_state=2).fit(*blobs).cost_


def test_none_as_seed_follows_the_default_generator(blobs):
    costs = []
    for seed in (1, 1, 2):
        pydl.manual_seed(seed)
        costs.append(MLPClassifier(epochs=1, random_state=None).fit(*blobs).cost_)
    assert costs[0] == costs[1] != costs[2]


def test_early_stopping_keeps_the_best_weights(blobs):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(80, 10)), rng.integers(2, size=80)
    model = MLPClassifier(eta=0.01, epochs=200, early_stopping=True, patience=5).fit(X, y)
    costs = model.validation_cost_
    assert len(costs) == len(model.cost_) == model.best_epoch_ + 6
    assert costs[model.best_epoch_] == min(costs) < costs[-1]
    rest = MLPClassifier(eta=0.01, epochs=model.best_epoch_ + 1, early_stopping=True, patience=200).fit(X, y)
    assert np.array_equal(model.decision_function(X), rest.decision_function(X))


def test_float32_rows_are_computed_as_float32(blobs):
    X, y = blobs
    model = MLPClassifier(epochs=1).fit(X.astype(np.float32), y)
    assert model.predict_proba(X).dtype == np.float32
    assert MLPClassifier(epochs=1).fit(X, y).predict_proba(X).dtype == np.float64


def test_copies_and_pickles_predict_alike(blobs):
    X, y = blobs
    model = MLPClassifier(epochs=3, hidden=(5, 4)).fit(X, y)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(other.decision_function(X), model.decision_function(X))
    assert pickle.loads(pickle.dumps(MLPClassifier(epochs=7))).epochs == 7


def test_bad_init(blobs):
    with pytest.raises(ValueError, match=r"\[MLPClassifier.fit\] expected init as weights and biases of shapes"):
        MLPClassifier(hidden=()).fit(*blobs, init=[(np.zeros((2, 3)), np.zeros(3))])
    with pytest.raises(ValueError, match=r"\[MLPClassifier.fit\] expected init as pairs \(weight, bias\), got 7"):
        MLPClassifier().fit(*blobs, init=7)
    with pytest.raises(ValueError, match=r"\[Perceptron.fit\] expected init as w of shape \(2,\)"):
        Perceptron().fit(blobs[0], blobs[1] > 0, init=(np.zeros(3), 0))
