"""The losses that make one layer a perceptron, Adaline or logistic regression, and what they reach on the digits."""

import numpy as np
import pytest

import pydl
from pydl import data, models
from pydl.models.registry.linear_tasks import half_squared_error, logistic_loss, perceptron_criterion
from pydl.train import LearningRateSchedule, fit

RULES = {
    perceptron_criterion: lambda t, z: -t * (t * z < 0),
    half_squared_error: lambda t, z: -(t - z),
    logistic_loss: lambda t, z: 1 / (1 + np.exp(-z)) - (t + 1) / 2,
}


@pytest.mark.parametrize("loss", RULES, ids=lambda f: f.__name__)
def test_gradients_are_the_rules_of_the_lecture(loss):
    """∂L/∂z is the error that each rule multiplies x by, a row's share of the mean."""
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(5, 4)), rng.integers(4, size=5)
    scores = pydl.tensor(z, requires_grad=True)
    loss(scores, pydl.tensor(labels)).backward()
    t = 2.0 * (np.arange(4) == labels[:, None]) - 1
    np.testing.assert_allclose(scores.grad.numpy(), RULES[loss](t, z) / 5, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "least"), [("perceptron", 0.8), ("adaline", 0.8), ("logistic", 0.84), ("softmax", 0.85)]
)
def test_accuracy_on_the_digits(name, least):
    parts = models.Data(data.load("digits", "train"), data.load("digits", "test"))
    config = models.get(name).config(epochs=10)
    history = fit(models.get(name).build(parts, config), data.DataLoader(parts.train, 64, shuffle=True), 10)
    assert history["test_accuracy"][-1] > least
    assert history["loss"][-1] < history["loss"][0]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("name", "least"), [("perceptron", 0.93), ("adaline", 0.83)])
def test_the_rate_falls_on_iris(name, least, seed):
    """At a constant rate both end wherever the last rows pushed them. Least squares itself gets 0.85 right."""
    parts = models.Data(data.load("iris", "train"), data.load("iris", "test"))
    config = models.get(name).config(data="iris", seed=seed)
    task = models.get(name).build(parts, config)
    pydl.manual_seed(seed)
    loader = data.DataLoader(parts.train, config["batch_size"], shuffle=True, drop_last=True, seed=seed)
    schedule = LearningRateSchedule([task.optimizer], config["lr_schedule"])
    assert fit(task, loader, config["epochs"], callbacks=[schedule])["accuracy"][-1] >= least
