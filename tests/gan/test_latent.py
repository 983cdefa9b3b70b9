"""Walks between latents and truncation."""

import numpy as np
import pytest

import pydl
from pydl import gan
from pydl.gan import latent

RNG = np.random.default_rng(0)


def test_linear_walks_are_straight():
    a, b = RNG.normal(size=(2, 3, 5))
    walk = gan.interpolate(a, b, 5)
    assert walk.shape == (5, 3, 5)
    np.testing.assert_allclose(walk, [a + (b - a) * t for t in (0, 0.25, 0.5, 0.75, 1)], rtol=1e-12)


def test_spherical_walks_keep_length_and_speed():
    a, b = RNG.normal(size=(2, 6))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    walk = gan.interpolate(a, b, 9, spherical=True)
    np.testing.assert_allclose(walk[[0, -1]], [a, b], rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(walk, axis=1), np.linalg.norm(a), rtol=1e-12)
    steps = np.linalg.norm(np.diff(walk, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)
    quarter = gan.interpolate([2.0, 0.0], [0.0, 2.0], 3, spherical=True)
    np.testing.assert_allclose(quarter[1], [np.sqrt(2), np.sqrt(2)], rtol=1e-15)


@pytest.mark.parametrize("difference", [0.0, 1e-17, 1e-12, 1e-7])
def test_spherical_walks_between_neighbours(difference):
    a = np.array([1.0, 2.0])
    b = a + difference * np.array([-2.0, 1.0])
    np.testing.assert_allclose(gan.interpolate(a, b, 3, spherical=True)[1], (a + b) / 2, rtol=1e-12)


def test_truncation():
    w, mean = RNG.normal(size=(4, 3)), RNG.normal(size=3)
    np.testing.assert_allclose(gan.truncate(w, 0.7, mean), mean + 0.7 * (w - mean), rtol=1e-15)
    np.testing.assert_allclose(gan.truncate(w, 0.0, mean), np.broadcast_to(mean, (4, 3)), rtol=1e-15)
    np.testing.assert_allclose(gan.truncate(w, 0.5), w / 2, rtol=1e-15)


def image_of(latents):
    """A 1×1 image of the first number."""
    assert latents.dtype == pydl.float32
    return latents.numpy()[:, 0].reshape(-1, 1, 1, 1)


def test_grids():
    picture = latent.interpolation_grid(image_of, [[0.0], [1.0]], [[1.0], [0.0]], steps=3)
    assert picture[1::2, 1::2].tolist() == [[0, 128, 255], [255, 128, 0]]
    picture = latent.truncation_grid(image_of, [[0.0], [1.0]], [1.0, 0.0], center=[0.2])
    assert picture[1::2, 1::2].tolist() == [[0, 255], [51, 51]]


def test_bad_arguments():
    with pytest.raises(
        ValueError, match=r"\[interpolate\] expected start and end of one shape \(…, D\), got \(2,\) and \(3,\)"
    ):
        gan.interpolate([1.0, 2.0], [1.0, 2.0, 3.0], 4)
    with pytest.raises(ValueError, match="expected steps to be an integer >= 2, got 1"):
        gan.interpolate([1.0], [2.0], 1)
    with pytest.raises(TypeError, match="expected steps to be an integer >= 2, got str"):
        gan.interpolate([1.0], [2.0], "3")
    with pytest.raises(ValueError, match="expected latents that do not lie opposite each other"):
        gan.interpolate([1.0, 2.0], [-2.0, -4.0], 4, spherical=True)
    with pytest.raises(ValueError, match="expected latents other than 0 on an arc"):
        gan.interpolate([0.0, 0.0], [1.0, 0.0], 4, spherical=True)
    with pytest.raises(ValueError, match="expected end to be finite"):
        gan.interpolate([1.0], [np.inf], 4)
    with pytest.raises(TypeError, match="expected latents to hold real numbers"):
        gan.truncate("w", 0.5)
    with pytest.raises(ValueError, match="expected psi to be a finite number"):
        gan.truncate([1.0], np.nan)
    with pytest.raises(ValueError, match=r"\[truncation_grid\] expected latents"):
        latent.truncation_grid(image_of, [[1.0]], [])
    with pytest.raises(ValueError, match=r"\[interpolation_grid\] expected starts \(N, D\)"):
        latent.interpolation_grid(image_of, [1.0], [2.0])
