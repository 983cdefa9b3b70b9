"""SPADE: its layer, maps and losses against their formulas in float64."""

import numpy as np
import pytest

import pydl
from pydl import data, models
from pydl.gan.trainer import Samples, draw
from pydl.models.gan import spade

RNG = np.random.default_rng(8)


def test_label_maps():
    images = pydl.tensor([[[[0.9, 0.1], [0.4, 0.6]]], [[[0.0, 0.0], [0.0, 1.0]]]])
    maps = spade.label_maps(images, pydl.tensor([1, 0]), 2).numpy()
    assert maps[0].tolist() == [[[0, 0], [0, 0]], [[1, 0], [0, 1]], [[0, 1], [1, 0]]]
    assert maps[1].tolist() == [[[0, 0], [0, 1]], [[0, 0], [0, 0]], [[1, 1], [1, 0]]]
    assert (maps.sum(1) == 1).all()


def test_normalisation_by_maps():
    """With γ and β of constant maps, h (1 + γ) + β by hand; and for any map by the layer's own convolutions."""
    layer = spade.SPADE(3, 2, 4).double()
    input = RNG.normal(1, 2, (5, 3, 4, 4))
    maps = pydl.tensor(RNG.normal(0, 1, (5, 2, 8, 8)))
    unit = (input - input.mean((0, 2, 3), keepdims=True)) / np.sqrt(input.var((0, 2, 3), keepdims=True) + 1e-5)
    nearest = pydl.tensor(np.ascontiguousarray(maps.numpy()[:, :, ::2, ::2]))
    hidden = pydl.relu(layer.shared(nearest))
    gamma, beta = layer.gamma(hidden).detach().numpy(), layer.beta(hidden).detach().numpy()
    got = layer(pydl.tensor(input), maps).detach().numpy()
    np.testing.assert_allclose(got, unit * (1 + gamma) + beta, rtol=1e-9, atol=1e-10)
    for convolution, value in ((layer.gamma, 0.5), (layer.beta, -2.0)):
        convolution.weight.data.fill_(0.0)
        convolution.bias.data.fill_(value)
    np.testing.assert_allclose(layer(pydl.tensor(input), maps).detach().numpy(), unit * 1.5 - 2, rtol=1e-9, atol=1e-9)


def test_distance_of_features():
    real, fake = ([RNG.normal(0, 1, shape) for shape in ((3, 4), (3, 2, 5))] for _ in range(2))
    inputs = [[pydl.tensor(f, requires_grad=True) for f in side] for side in (real, fake)]
    loss = spade.feature_distance(*inputs)
    np.testing.assert_allclose(loss.item(), sum(abs(r - f).mean() for r, f in zip(real, fake, strict=True)), rtol=1e-12)
    slopes = pydl.grad(loss, inputs[1])
    for r, f, slope in zip(real, fake, slopes, strict=True):
        np.testing.assert_allclose(slope.numpy(), np.sign(f - r) / f.size, rtol=1e-12)
    assert pydl.grad(spade.feature_distance(*inputs), inputs[0], allow_unused=True) == (None, None)


@pytest.fixture
def task():
    rng = np.random.default_rng(0)
    part = data.ArrayDataset(
        rng.random((32, 1, 8, 8), np.float32), np.arange(32) % 3, name="digits", classes=["a", "b", "c"]
    )
    entry = models.get("spade")
    return entry.build(models.Data(part, part), entry.config(width=4, noise=8, map_width=4, batch_size=8))


def test_losses(task):
    batch = (pydl.rand(6, 1, 8, 8), pydl.tensor([0, 1, 2, 0, 1, 2]))
    task.real = task.read(batch)
    maps = spade.label_maps(*batch, 3)
    assert np.array_equal(task.real.given.numpy(), maps.numpy().reshape(6, -1))
    fake = Samples(pydl.rand(6, 1, 8, 8) * 2 - 1, task.real.given)
    task.discriminator.eval()
    layers = {}
    for name, images in (("real", task.real.data), ("fake", fake.data)):
        layers[name] = [x.detach().numpy() for x in task.discriminator(pydl.cat([images, maps], 1))]
    wanted = -layers["fake"][-1].mean()
    wanted += 10 * sum(abs(r - f).mean() for r, f in zip(layers["real"][:-1], layers["fake"][:-1], strict=True))
    np.testing.assert_allclose(task.generator_loss(fake).item(), wanted, rtol=1e-5)
    hinge = np.maximum(0, 1 - layers["real"][-1]).mean() + np.maximum(0, 1 + layers["fake"][-1]).mean()
    np.testing.assert_allclose(task.discriminator_loss(task.real, fake)[0].item(), hinge, rtol=1e-5)


def test_samples_of_a_seed_are_of_maps_and_noise_that_it_chooses(task):
    """As many of them as are asked for, held in parts: their maps together would fill the memory."""
    rng = pydl.random.Generator(3)
    maps = task.fixed_noise[pydl.randint(0, 32, (2 * spade.PART + 5,), generator=rng)][:, 8:]
    rows = pydl.cat([task.noise(len(maps), rng), maps], 1)
    assert np.array_equal(task.sample(len(maps), seed=3), draw(task.sampler(), rows, True))


def test_agreement_of_images_with_their_maps(task):
    figure = task.evaluate()["agreement"]
    images = task.sample(32)
    maps = spade.label_maps(pydl.tensor(images), pydl.zeros(32, dtype=pydl.int64), 3).numpy()[:, -1]
    wanted = task.fixed_noise.numpy()[:, -64:].reshape(-1, 8, 8)
    np.testing.assert_allclose(figure, (maps == wanted).mean(), rtol=1e-6)
