"""Spectral normalisation: the largest singular value is 1, and the gradient takes account of it."""

import copy

import numpy as np
import pytest

import pydl
from pydl import nn
from pydl.nn.utils import spectral_norm

LAYERS = {
    "linear": (lambda: nn.Linear(5, 3), (2, 5), 0),
    "conv": (lambda: nn.Conv2d(2, 4, 3), (2, 2, 5, 5), 0),
    "transposed": (lambda: nn.ConvTranspose2d(2, 4, 3), (2, 2, 5, 5), 1),
}


def matrix(weight, rows):
    return np.moveaxis(weight, rows, 0).reshape(weight.shape[rows], -1)


@pytest.mark.parametrize("kind", LAYERS)
def test_largest_singular_value_becomes_one(kind):
    make, shape, rows = LAYERS[kind]
    pydl.manual_seed(0)
    layer = spectral_norm(make().double(), n_power_iterations=200)
    before = matrix(layer.weight_orig.detach().numpy(), rows)
    layer(pydl.rand(*shape, dtype=pydl.float64))
    after = matrix(layer.weight.numpy(), rows)
    np.testing.assert_allclose(after, before / np.linalg.svd(before)[1][0], rtol=1e-9)
    assert not layer.weight.requires_grad


def test_gradient_is_that_of_the_quotient():
    pydl.manual_seed(0)
    layer = spectral_norm(nn.Linear(5, 3, bias=False).double())
    x, g = np.random.default_rng(0).normal(size=(4, 5)), np.random.default_rng(1).normal(size=(4, 3))
    (layer(pydl.tensor(x)) * pydl.tensor(g)).sum().backward()
    w, u, v = (getattr(layer, f"weight_{part}").detach().numpy() for part in ("orig", "u", "v"))
    sigma, slope = u @ w @ v, g.T @ x
    wanted = slope / sigma - (slope * w).sum() / sigma**2 * np.outer(u, v)  # Miyato et al., eq. 12
    np.testing.assert_allclose(layer.weight_orig.grad.numpy(), wanted, rtol=1e-10)


def test_power_iteration_moves_in_training_only_and_is_saved():
    pydl.manual_seed(0)
    layer, x = spectral_norm(nn.Linear(5, 3)), pydl.rand(2, 5)
    assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    layer(x)
    kept = layer.weight_u.numpy().copy()
    layer.eval()(x)
    assert np.array_equal(kept, layer.weight_u.numpy())
    twin = spectral_norm(nn.Linear(5, 3))
    twin.load_state_dict(layer.state_dict())
    other = copy.deepcopy(layer.train())
    results = [net.train()(x).detach().numpy() for net in (layer, twin, other)]
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_two_calls_before_one_backward():
    pydl.manual_seed(0)
    layer = spectral_norm(nn.Linear(5, 3))
    (layer(pydl.rand(2, 5)) + layer(pydl.rand(2, 5))).sum().backward()
    assert np.isfinite(layer.weight_orig.grad.numpy()).all()


def test_what_has_no_such_weight():
    with pytest.raises(ValueError, match=r"\[spectral_norm\] expected a parameter 'weight' of two dimensions"):
        spectral_norm(nn.BatchNorm1d(3))
    with pytest.raises(ValueError, match=r"\[spectral_norm\] expected n_power_iterations >= 1, got 0"):
        spectral_norm(nn.Linear(2, 2), n_power_iterations=0)
