"""The table of activations: values at chosen points, derivatives as it says."""

import numpy as np
import pytest

import pydl
from pydl.models.activations import ACTIVATIONS

Z = np.array([-2.0, -0.5, -0.25, 0.0, 0.25, 0.5, 2.0])
VALUES = {
    "unit step": [0, 0, 0, 0.5, 1, 1, 1],
    "sign": [-1, -1, -1, 0, 1, 1, 1],
    "linear": Z,
    "piece-wise linear": [0, 0, 0.25, 0.5, 0.75, 1, 1],
    "logistic": 1 / (1 + np.exp(-Z)),
    "tanh": np.sinh(Z) / np.cosh(Z),
    "relu": [0, 0, 0, 0, 0.25, 0.5, 2],
    "softplus": np.log(1 + np.exp(Z)),
    "softmax": np.exp(Z) / np.exp(Z).sum(),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values(name):
    np.testing.assert_allclose(ACTIVATIONS[name].function(pydl.from_numpy(Z)).numpy(), VALUES[name], rtol=1e-14)


DERIVATIVES = {
    "logistic": lambda z, a: a * (1 - a),
    "tanh": lambda z, a: 1 - a**2,
    "relu": lambda z, a: z > 0,
    "softplus": lambda z, a: 1 / (1 + np.exp(-z)),
    "piece-wise linear": lambda z, a: np.abs(z) < 0.5,
    "linear": lambda z, a: np.ones_like(z),
    "unit step": lambda z, a: np.zeros_like(z),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name):
    points = Z if name != "piece-wise linear" else Z[np.abs(Z) != 0.5]
    z = pydl.tensor(points, requires_grad=True)
    a = ACTIVATIONS[name].function(z)
    (a * 1.0).sum().backward()
    np.testing.assert_allclose(z.grad.numpy(), DERIVATIVES[name](points, a.detach().numpy()), rtol=1e-13)


def test_the_derivative_of_softmax():
    z = pydl.tensor(Z, requires_grad=True)
    a = ACTIVATIONS["softmax"].function(z)
    for k in range(len(Z)):
        (found,) = pydl.grad(a[k], z, retain_graph=True)
        p = a.detach().numpy()
        np.testing.assert_allclose(found.numpy(), p[k] * ((np.arange(len(Z)) == k) - p), rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh", "ReLU", "Softplus", "Softmax", "sign"])
def test_the_counterparts_are_pytorchs(name):
    """Values and slopes, of `pydl.sign` and of the layers of `pydl.nn`."""
    torch = pytest.importorskip("torch")
    points = np.array([Z, Z[::-1] * 3, Z * 40])
    x, y = pydl.tensor(points, requires_grad=True), torch.tensor(points, requires_grad=True)
    options = {"dim": 1} if name == "Softmax" else {}
    ours, theirs = (f if name == "sign" else getattr(f.nn, name)(**options) for f in (pydl, torch))
    got, wanted = (f.sign(v) if f in (pydl, torch) else f(v) for f, v in ((ours, x), (theirs, y)))
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=1e-13)
    weights = np.cos(np.arange(points.size)).reshape(points.shape)
    (got * pydl.tensor(weights)).sum().backward()
    (wanted * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-11, atol=1e-15)
