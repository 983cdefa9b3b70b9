"""Stacked GAN: its losses against their formulas, in float64, and which features the images are made of."""

import numpy as np
import pytest

import pydl
from pydl import data, models
from pydl.models.gan import stacked


def make(**options):
    rng = np.random.default_rng(0)
    part = data.ArrayDataset(
        rng.random((40, 1, 8, 8), np.float32), np.arange(40) % 3, name="digits", classes=["a", "b", "c"]
    )
    sizes = {"width": 4, "noise": 8, "features": 5, "encoder_steps": 20, "batch_size": 8, "epochs": 4}
    entry = models.get("stacked-gan")
    return entry.build(models.Data(part, part), entry.config(**{**sizes, **options})), next(
        iter(data.DataLoader(part, 8))
    )


def in_double(task):
    for module in (task.generator, task.discriminator, task.encoder):
        module.double().eval()


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


def numbers(task, fake):
    """What the networks say of `fake`, in NumPy."""
    (on, found), (above, found_above) = task.discriminator.D0(fake.data), task.discriminator.D1(fake.features)
    scores, again = task.encoder.head(fake.features), task.encoder.features(fake.data)
    return [x.detach().numpy() for x in (on, found, above, found_above, scores, again)]


@pytest.mark.parametrize("apart", [0.0, 1.0])
def test_losses(apart):
    task, batch = make(apart=apart)
    in_double(task)
    real = task.read(batch)
    real = type(real)(real.data.double(), real.given.double())
    latent = (
        pydl.tensor(task.latent(type(real)(real.data, real.given.float())).numpy().astype(np.float64))
        if (apart == 0)
        else pydl.cat([pydl.randn(8, 8, dtype=pydl.float64), real.given, task.encoder.features(real.data)], 1)
    )
    fake = task.generate(latent)
    z1, z0 = (z.numpy() for z in fake.noise)
    on, found, above, found_above, scores, again = numbers(task, fake)
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    entropy = ((found - z0) ** 2).mean() + ((found_above - z1) ** 2).mean()
    wanted = -log_sigmoid(on).mean() - log_sigmoid(above).mean() + 10 * entropy
    wanted += -(logs * real.given.numpy()).sum(1).mean() + ((again - fake.condition.detach().numpy()) ** 2).mean()
    np.testing.assert_allclose(task.generator_loss(fake).item(), wanted, rtol=1e-10)
    on_real = task.discriminator.D0(real.data)[0].detach().numpy()
    above_real = task.discriminator.D1(task.encoder.features(real.data))[0].detach().numpy()
    wanted = 10 * entropy - log_sigmoid(on_real).mean() - log_sigmoid(-on).mean()
    wanted -= log_sigmoid(above_real).mean() + log_sigmoid(-above).mean()
    np.testing.assert_allclose(task.discriminator_loss(real, fake)[0].item(), wanted, rtol=1e-10)


def test_slope_against_differences():
    """Through both generators, the classifier and the heads: d L_G in one weight of the upper generator."""
    task, _ = make(apart=0.0)
    in_double(task)
    latent = pydl.cat([pydl.randn(8, 8, dtype=pydl.float64), pydl.eye(8, 3, dtype=pydl.float64)], 1)
    weight = task.generator.upper[0].weight
    (slope,) = pydl.grad(task.generator_loss(task.generate(latent)), weight)
    start, sides = weight.detach().numpy()[1, 2], []
    for step in (1e-6, -1e-6):
        weight.data[1, 2] = start + step
        sides.append(task.generator_loss(task.generate(latent)).item())
    np.testing.assert_allclose(slope.numpy()[1, 2], (sides[0] - sides[1]) / 2e-6, rtol=1e-5, atol=1e-9)


def test_images_are_made_of_real_features_first():
    task, batch = make(apart=0.5)
    assert task.apart == 10
    real = task.read(batch)
    fake = task.generate(task.latent(real))
    assert np.array_equal(fake.condition.numpy(), task.encoder.features(real.data).numpy())
    task.steps = 10
    fake = task.generate(task.latent(real))
    assert fake.condition is fake.features
    assert np.array_equal(fake.given.numpy(), real.given.numpy())


def test_more_epochs_do_not_move_the_switch():
    task, batch = make(apart=0.5, epochs=4)
    task.step(batch)
    longer, _ = make(apart=0.5, epochs=8)
    assert (task.apart, longer.apart) == (10, 20)
    longer.load_state_dict(task.state_dict())
    assert longer.apart == 10
    longer.steps = 10
    assert longer.phase() == "joined"


def test_classifier_is_trained_and_then_fixed():
    task, batch = make(encoder_steps=300)
    scores = task.encoder(batch[0] * 2 - 1).detach().numpy()
    assert (scores.argmax(1) == batch[1].numpy()).mean() > 0.9
    before = [p.numpy().copy() for p in task.encoder.parameters()]
    task.step(batch)
    assert all(np.array_equal(b, p.numpy()) for b, p in zip(before, task.encoder.parameters(), strict=True))


def test_noise_is_halved():
    with pytest.raises(ValueError, match=r"\[stacked-gan\] expected noise as an even number, got 7"):
        stacked.latent({"noise": 7, "noise_kind": "normal", "classes": 3})
