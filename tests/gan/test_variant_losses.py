"""The objectives of EBGAN, BEGAN, ACGAN and InfoGAN against their closed forms, value and gradient, in float64."""

import math
from functools import partial

import numpy as np
import pytest

import pydl
from pydl import gan

RNG = np.random.default_rng(0)
N, K = 7, 4
REAL, FAKE = RNG.uniform(0, 3, (N, 1)), RNG.uniform(0, 3, (N, 1))
SCORES, CLASSES = RNG.normal(0, 3, (N, K)), np.eye(K)[RNG.integers(0, K, N)]
MEANS, CODES = RNG.normal(0, 1, (N, 2)), RNG.uniform(-1, 1, (N, 2))


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cosines(s):
    unit = s / np.linalg.norm(s, axis=1, keepdims=True)
    c = unit @ unit.T
    np.fill_diagonal(c, 0)
    return unit, c


def pull_away_gradient(s):
    """∂/∂Sᵢ = 4 / (N (N - 1) |Sᵢ|) · Σ_{j≠i} cᵢⱼ (uⱼ - cᵢⱼ uᵢ), with u = S / |S|."""
    unit, c = cosines(s)
    slope = c @ unit - (c**2).sum(1, keepdims=True) * unit
    return 4 / (N * (N - 1)) * slope / np.linalg.norm(s, axis=1, keepdims=True)


def log_likelihood(scores, classes):
    return (np.log(softmax(scores)) * classes).sum(1).mean()


CASES = {
    "energy discriminator": (
        partial(gan.energy_discriminator_loss, margin=1.5),
        (REAL, FAKE),
        lambda r, f: r.mean() + np.maximum(0, 1.5 - f).mean(),
        lambda r, f: (np.full_like(r, 1 / N), (f < 1.5) / -N),
    ),
    "energy generator": (gan.energy_generator_loss, (FAKE,), lambda f: f.mean(), lambda f: (np.full_like(f, 1 / N),)),
    "equilibrium discriminator": (
        partial(gan.equilibrium_discriminator_loss, k=0.3),
        (REAL, FAKE),
        lambda r, f: r.mean() - 0.3 * f.mean(),
        lambda r, f: (np.full_like(r, 1 / N), np.full_like(f, -0.3 / N)),
    ),
    "pull away": (
        gan.pull_away,
        (SCORES,),
        lambda s: (cosines(s)[1] ** 2).sum() / (N * (N - 1)),
        lambda s: (pull_away_gradient(s),),
    ),
    "class loss": (
        lambda s: gan.class_loss(s, pydl.tensor(CLASSES)),
        (SCORES,),
        lambda s: -log_likelihood(s, CLASSES),
        lambda s: ((softmax(s) - CLASSES) / N,),
    ),
    "class information": (
        lambda s: gan.class_information(s, pydl.tensor(CLASSES)),
        (SCORES,),
        lambda s: log_likelihood(s, CLASSES) + math.log(K),
        lambda s: ((CLASSES - softmax(s)) / N,),
    ),
    "code information": (
        gan.code_information,
        (MEANS, CODES),
        lambda m, c: (-0.5 * (c - m) ** 2 - 0.5 * math.log(2 * math.pi) + math.log(2)).sum(1).mean(),
        lambda m, c: ((c - m) / N, (m - c) / N),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_closed_form(name):
    loss, arrays, value, gradients = CASES[name]
    inputs = [pydl.tensor(x, requires_grad=True) for x in arrays]
    result = loss(*inputs)
    np.testing.assert_allclose(result.item(), value(*arrays), rtol=1e-12)
    for got, want in zip(pydl.grad(result, inputs), gradients(*arrays), strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-10, atol=1e-14)


def test_pull_away_of_known_codes():
    assert gan.pull_away(pydl.eye(3)).item() == 0.0
    assert gan.pull_away(pydl.tensor([[1.0, 0.0], [5.0, 0.0], [-2.0, 0.0]])).item() == 1.0
    with pytest.raises(ValueError, match=r"\[pull_away\] expected codes \(N, M\), N >= 2, got shape \(1, 3\)"):
        gan.pull_away(pydl.ones(1, 3))


def test_information_is_bounded_by_the_entropy():
    sure = pydl.tensor(CLASSES * 1e3)
    np.testing.assert_allclose(gan.class_information(sure, pydl.tensor(CLASSES)).item(), math.log(K), rtol=1e-12)
    nothing = gan.class_information(pydl.zeros(N, K, dtype=pydl.float64), pydl.tensor(CLASSES)).item()
    np.testing.assert_allclose(nothing, 0, atol=1e-15)
