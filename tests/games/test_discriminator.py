"""D* and V in closed form, and D* reached from samples."""

import numpy as np
import pytest

import pydl
from pydl import games

X = np.linspace(-30, 30, 12001)
SPACING = X[1] - X[0]


def normal(mean, std):
    return np.exp(-(((X - mean) / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))


def test_optimal_discriminator_and_where_there_is_none():
    d = games.optimal_discriminator([1.0, 3.0, 0.0, 2.0, 0.0], [1.0, 1.0, 2.0, 0.0, 0.0])
    np.testing.assert_array_equal(d, [0.5, 0.75, 0.0, 1.0, np.nan])
    # sums of densities beyond the largest float, and below the smallest
    np.testing.assert_array_equal(games.optimal_discriminator([1e308, 5e-324], [1e308, 5e-324]), [0.5, 0.5])
    logit = -2 * X  # logistic regression is exact for two such normals
    d = games.optimal_discriminator(normal(-1, 1), normal(1, 1))
    np.testing.assert_allclose(d, 1 / (1 + np.exp(-logit)), rtol=1e-11, atol=1e-30)


def test_value_at_the_equilibrium_is_minus_log_four():
    assert games.game_value(normal(0, 1), normal(0, 1), spacing=SPACING) == pytest.approx(-np.log(4), abs=1e-12)
    half = np.full_like(X, 0.5)
    assert games.game_value(normal(3, 1), normal(-2, 2), half, spacing=SPACING) == pytest.approx(-np.log(4), abs=1e-8)


def test_value_where_a_density_is_all_but_zero():
    assert games.game_value([1e-320], [1.0], spacing=1.0) == pytest.approx(0, abs=1e-300)
    assert games.game_value(normal(0, 0.5), normal(29, 0.5), spacing=SPACING) == pytest.approx(0, abs=1e-12)


def test_value_is_that_of_the_jensen_shannon_divergence_and_d_star_is_best():
    p, q = normal(1, 1), normal(-1, 2)
    middle = (p + q) / 2
    divergence = 0.5 * (p * np.log(p / middle) + q * np.log(q / middle)).sum() * SPACING
    best = games.game_value(p, q, spacing=SPACING)
    assert best == pytest.approx(2 * divergence - np.log(4), abs=1e-12)
    d = games.optimal_discriminator(p, q)
    for other in (np.clip(d + 0.01, 0, 1), np.clip(d * 0.95, 0, 1)):
        assert games.game_value(p, q, other, spacing=SPACING) < best


def test_densities_that_do_not_meet():
    p, q = np.where(X < 0, normal(-4, 0.5), 0), np.where(X >= 0, normal(4, 0.5), 0)
    assert games.game_value(p, q, spacing=SPACING) == pytest.approx(0, abs=1e-12)
    assert games.game_value(p, q, np.where(X < 0, 0.0, 1.0), spacing=SPACING) == -np.inf  # sure, and wrong


def test_a_density_that_is_next_to_nothing_beside_the_other():
    """D* rounds to 1 where there still is some p_g: log(1 - D*) would be infinite there."""
    p, q = normal(0, 1), normal(2, 0.6)
    assert games.optimal_discriminator(p, q).max() == 1.0
    assert -1.0 < games.game_value(p, q, spacing=SPACING) < -0.3


def test_a_small_network_reaches_it():
    before = pydl.random.get_rng_state()
    network = games.fit_discriminator(
        lambda n, rng: rng.normal(0, 1, n), lambda n, rng: rng.normal(1.5, 0.7, n), steps=400
    )
    assert np.array_equal(pydl.random.get_rng_state(), before)
    p, q = normal(0, 1), normal(1.5, 0.7)
    seen = p + q > 0.02
    with pydl.no_grad():
        d = pydl.sigmoid(network(pydl.tensor(X[seen, None].astype(np.float32)))).numpy()[:, 0]
    assert np.abs(d - games.optimal_discriminator(p, q)[seen]).max() < 0.04


def test_bad_densities():
    with pytest.raises(ValueError, match=r"\[optimal_discriminator\] expected p_data as finite densities"):
        games.optimal_discriminator([-1.0], [1.0])
    with pytest.raises(ValueError, match=r"\[game_value\] expected p_g as finite"):
        games.game_value([1.0], [np.inf], spacing=1.0)
    with pytest.raises(ValueError, match="expected densities of one shape"):
        games.optimal_discriminator([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"\[game_value\] expected d in \[0, 1\]"):
        games.game_value([1.0], [1.0], [1.1], spacing=1.0)
    with pytest.raises(ValueError, match="expected spacing"):
        games.game_value([1.0], [1.0], spacing=0.0)
    with pytest.raises(ValueError, match=r"\[fit_discriminator\] expected steps to be an integer >= 1, got 0"):
        games.fit_discriminator(lambda n, rng: np.zeros(n), lambda n, rng: np.zeros(n), steps=0)
    with pytest.raises(ValueError, match=r"\[fit_discriminator\] expected 3 finite samples"):
        games.fit_discriminator(lambda n, rng: np.zeros(n), lambda n, rng: np.full(n, np.nan), steps=1, batch=3)
    with pytest.raises(ValueError, match=r"\[fit_discriminator\] expected 3 finite samples"):
        games.fit_discriminator(lambda n, rng: np.zeros(n), lambda n, rng: np.zeros(2), steps=1, batch=3)
