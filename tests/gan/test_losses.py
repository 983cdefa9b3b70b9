"""Every objective against its closed form, value and gradient, in float64."""

import numpy as np
import pytest

import pydl
from pydl import gan

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(0, 3, (7, 1)), RNG.normal(0, 3, (7, 1))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log(x):
    return np.log(x)


N = len(REAL)
TWO_SIDED = {
    gan.discriminator_loss: (
        lambda r, f: -log(sigmoid(r)).mean() - log(1 - sigmoid(f)).mean(),
        lambda r, f: ((sigmoid(r) - 1) / N, sigmoid(f) / N),
    ),
    gan.least_squares_discriminator_loss: (
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
        lambda r, f: ((r - 1) / N, f / N),
    ),
    gan.wasserstein_critic_loss: (
        lambda r, f: f.mean() - r.mean(),
        lambda r, f: (np.full_like(r, -1 / N), np.full_like(f, 1 / N)),
    ),
    gan.hinge_discriminator_loss: (
        lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        lambda r, f: ((r < 1) / -N, (f > -1) / N),
    ),
}
ONE_SIDED = {
    gan.minimax_loss: (lambda f: log(1 - sigmoid(f)).mean(), lambda f: -sigmoid(f) / N),
    gan.non_saturating_loss: (lambda f: -log(sigmoid(f)).mean(), lambda f: (sigmoid(f) - 1) / N),
    gan.least_squares_generator_loss: (lambda f: 0.5 * ((f - 1) ** 2).mean(), lambda f: (f - 1) / N),
    gan.wasserstein_generator_loss: (lambda f: -f.mean(), lambda f: np.full_like(f, -1 / N)),
}
ALL = [(loss, (REAL, FAKE), *forms) for loss, forms in TWO_SIDED.items()]
ALL += [(loss, (FAKE,), *forms) for loss, forms in ONE_SIDED.items()]


@pytest.mark.parametrize(("loss", "logits", "value", "gradients"), ALL, ids=[case[0].__name__ for case in ALL])
def test_closed_form(loss, logits, value, gradients):
    inputs = [pydl.tensor(x, requires_grad=True) for x in logits]
    result = loss(*inputs)
    np.testing.assert_allclose(result.item(), value(*logits), rtol=1e-12)
    wanted = gradients(*logits)
    for got, want in zip(pydl.grad(result, inputs), wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-12, atol=1e-15)


def test_least_squares_takes_the_targets_of_the_paper():
    real, fake = pydl.tensor(REAL), pydl.tensor(FAKE)
    loss = gan.least_squares_discriminator_loss(real, fake, a=-1.0, b=1.0).item()
    np.testing.assert_allclose(loss, 0.5 * ((REAL - 1) ** 2).mean() + 0.5 * ((FAKE + 1) ** 2).mean(), rtol=1e-12)
    loss = gan.least_squares_generator_loss(fake, c=0.0).item()
    np.testing.assert_allclose(loss, 0.5 * (FAKE**2).mean(), rtol=1e-12)


@pytest.mark.parametrize("loss", [gan.minimax_loss, gan.non_saturating_loss])
def test_sure_logits_stay_finite(loss):
    logits = pydl.tensor(np.array([[1e4], [-1e4]]), requires_grad=True)
    result = loss(logits)
    assert np.isfinite(result.item())
    assert np.isfinite(pydl.grad(result, [logits])[0].numpy()).all()


def test_minimax_saturates_where_the_discriminator_is_sure_and_the_other_does_not():
    logits = pydl.tensor(np.array([[-20.0]]), requires_grad=True)
    (weak,) = pydl.grad(gan.minimax_loss(logits), [logits])
    (strong,) = pydl.grad(gan.non_saturating_loss(logits), [logits])
    assert abs(weak.item()) < 1e-8
    assert abs(strong.item() + 1) < 1e-8
