"""The layers of StyleGAN against their formulas in float64."""

import math

import numpy as np
import pytest

import pydl
from pydl import models
from pydl.models.gan import convolutional
from pydl.models.gan.stylegan import layers, variant

RNG = np.random.default_rng(4)
MAPS = RNG.normal(1, 2, (4, 3, 5, 5))


def build(**options):
    config = {**models.get("stylegan").config(noise=6, width=2, depth=2, **options), "shape": [1, 8, 8], "classes": 10}
    pydl.manual_seed(0)
    return variant.networks(config), variant.latent(config)


def test_pixel_norm():
    z = RNG.normal(0, 3, (4, 6))
    wanted = z / np.sqrt((z**2).mean(1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(layers.pixel_norm(pydl.tensor(z)).numpy(), wanted, rtol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_equalised_linear(scale):
    layer = layers.EqualLinear(400, 300, lr_scale=scale)
    assert abs(layer.weight.detach().numpy().std() * scale - 1) < 0.01
    layer.double().bias.data.fill_(2.0)
    x = RNG.normal(0, 1, (5, 400))
    wanted = x @ layer.weight.detach().numpy().T * math.sqrt(2) * scale / 20 + 2 * scale
    np.testing.assert_allclose(layer(pydl.tensor(x)).detach().numpy(), wanted, rtol=1e-9, atol=1e-12)
    assert abs(np.square(wanted - 2 * scale).mean() - 2) < 0.3  # He's scaling, whatever the rate


def test_adain():
    layer = layers.AdaIN(6, 3).double()
    w = RNG.normal(0, 1, (4, 6))
    y = (w @ layer.affine.weight.detach().numpy().T / math.sqrt(6)).reshape(4, 2, 3, 1, 1)
    unit = (MAPS - MAPS.mean((2, 3), keepdims=True)) / np.sqrt(MAPS.var((2, 3), keepdims=True) + 1e-8)
    got = layer(pydl.tensor(MAPS), pydl.tensor(w)).detach().numpy()
    np.testing.assert_allclose(got, unit * (y[:, 0] + 1) + y[:, 1], rtol=1e-9, atol=1e-12)


def test_noise_is_scaled_map_by_map_and_off_at_first():
    layer = layers.Epilogue(6, 3).double()
    w, noise = pydl.tensor(RNG.normal(0, 1, (4, 6))), pydl.tensor(RNG.normal(0, 1, (4, 1, 5, 5)))
    silent = layer(pydl.tensor(MAPS), w, noise * 0).detach().numpy()
    assert np.array_equal(layer(pydl.tensor(MAPS), w, noise).detach().numpy(), silent)
    layer.noise_scale.data[0, 1] = 0.5
    got = layer(pydl.tensor(MAPS), w, noise).detach().numpy()
    moved = MAPS + noise.numpy() * np.array([0, 0.5, 0]).reshape(1, 3, 1, 1)
    wanted = layer.adain(pydl.tensor(np.where(moved > 0, moved, 0.2 * moved)), w).detach().numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_blur():
    spot = np.zeros((1, 1, 5, 5))
    spot[0, 0, 2, 2] = 16
    wanted = np.outer([0, 1, 2, 1, 0], [0, 1, 2, 1, 0])
    np.testing.assert_allclose(layers.blur(pydl.tensor(spot)).numpy()[0, 0], wanted, atol=1e-12)


def test_minibatch_deviation():
    values = RNG.normal(0, 1, (8, 3, 2, 2))
    got = layers.minibatch_deviation(pydl.tensor(values)).numpy()
    assert np.array_equal(got[:, :3], values)
    for i in range(8):
        of_group = values[i % 2 :: 2]
        np.testing.assert_allclose(got[i, 3], np.sqrt(of_group.var(0) + 1e-8).mean(), rtol=1e-10)
    assert layers.minibatch_deviation(pydl.tensor(values[:5])).shape == (5, 4, 2, 2)


def test_mixing_turns_from_a_layer_on():
    (generator, _), _ = build()
    first, second = pydl.zeros(3, 6), pydl.ones(3, 6)
    chance = pydl.tensor([[0.95, 0.5], [0.1, 0.0], [0.1, 0.999]])
    styles = generator.mixed(first, second, chance, 4).numpy()[:, :, 0]
    assert styles.tolist() == [[0, 0, 0, 0], [0, 1, 1, 1], [0, 0, 0, 1]]


def test_mean_of_w_and_truncation():
    (generator, _), noise = build(truncation=0.7)
    latent = noise(16, pydl.random.Generator(1))
    w = generator.mapping(latent[:, :6]).detach().numpy()
    generator(latent)
    np.testing.assert_allclose(generator.w_mean.numpy(), 0.005 * w.mean(0), rtol=1e-5)
    generator.eval()
    mean = generator.w_mean.numpy()
    styles = generator.truncated(pydl.tensor(w), 10).detach().numpy()
    np.testing.assert_allclose(styles[:, :8], np.repeat((mean + 0.7 * (w - mean))[:, None], 8, 1), rtol=1e-5, atol=1e-7)
    assert np.array_equal(styles[:, 8:], np.repeat(w[:, None], 2, 1))
    before = generator.w_mean.numpy().copy()
    generator(latent)
    assert np.array_equal(before, generator.w_mean.numpy())


def test_every_parameter_has_a_slope():
    (generator, discriminator), noise = build()
    discriminator(generator(noise(8, pydl.random.Generator(1)))).sum().backward()
    assert [n for n, p in generator.named_parameters() if p.grad is None] == []
    assert [n for n, p in discriminator.named_parameters() if p.grad is None] == []


def test_slope_penalty_of_the_discriminator_against_differences():
    """R1 through blur, pooling and the deviation within the minibatch: its gradient in a weight, in float64."""
    (_, discriminator), _ = build()
    discriminator.double()
    images = pydl.tensor(RNG.normal(0, 1, (4, 1, 8, 8)))
    weight = discriminator.convolutions[0].weight

    def penalty():
        return pydl.gan.zero_centred_penalty(10.0)(discriminator, images, images, None)

    (slope,) = pydl.grad(penalty(), [weight])
    place, sides = (1, 0, 1, 2), []
    start = weight.detach().numpy()[place]
    for step in (1e-5, -1e-5):
        weight.data[place] = start + step
        sides.append(penalty().item())
    np.testing.assert_allclose(slope.numpy()[place], (sides[0] - sides[1]) / 2e-5, rtol=1e-4, atol=1e-8)


def test_sizes():
    assert [convolutional.sides("stylegan", side) for side in (8, 28, 32)] == [[4, 8], [7, 14, 28], [4, 8, 16, 32]]
    for side in (7, 9, 44, 128):
        with pytest.raises(ValueError, match=r"\[stylegan\] expected images of 8"):
            convolutional.sides("stylegan", side)
