"""CycleGAN: its losses in closed form, and the pool of images."""

import io

import numpy as np
import pytest

import pydl
from pydl import data, gan, nn, optim, train
from pydl.models.gan.cyclegan import domains
from pydl.models.gan.cyclegan.doctor import TranslationDoctor
from pydl.models.gan.cyclegan.networks import Discriminators, Translators
from pydl.models.gan.cyclegan.pool import ImagePool
from pydl.models.gan.cyclegan.task import CycleTask, Unpaired

RNG = np.random.default_rng(6)
A, B = RNG.normal(0, 1, (3, 2)), RNG.normal(0, 1, (3, 2))


class Scale(nn.Module):
    """x → w · x + v."""

    def __init__(self, w, v):
        super().__init__()
        self.w, self.v = (nn.Parameter(pydl.tensor(x, dtype=pydl.float64)) for x in (w, v))

    def forward(self, x):
        return x * self.w + self.v


class Sum(nn.Module):
    """x → u · Σ x."""

    def __init__(self, u):
        super().__init__()
        self.u = nn.Parameter(pydl.tensor(u, dtype=pydl.float64))

    def forward(self, x):
        return x.sum(1, keepdim=True) * self.u


def make(there=(0.7, 0.2), lr=0.1, **options):
    generators = Translators(Scale(*there), Scale(1.5, -0.4))
    discriminators = Discriminators(Sum(0.3), Sum(-0.8))
    optimizers = [optim.SGD(net.parameters(), lr=lr) for net in (generators, discriminators)]
    weights = {"cycle": 10.0, "identity": 0.5, "pool": 0, "other": lambda x: -x, **options}
    return CycleTask(
        generators, discriminators, *optimizers, gan.Noise(1), objective=gan.LEAST_SQUARES, centre=False, **weights
    )


def generator_form(w, v):
    """The loss of the generators as a function of G's weights, with F, D_A and D_B as in `make`."""
    there, back = (lambda x: w * x + v), (lambda x: 1.5 * x - 0.4)
    loss = ((-0.8 * there(A).sum(1) - 1) ** 2).mean() + ((0.3 * back(B).sum(1) - 1) ** 2).mean()
    loss += 10 * (abs(back(there(A)) - A).mean() + abs(there(back(B)) - B).mean())
    return loss + 5 * (abs(there(B) - B).mean() + abs(back(A) - A).mean())


def slopes_by_hand():
    """d loss / d (w, v) of G: each |…| adds its sign."""
    there, back = 0.7 * A + 0.2, 1.5 * B - 0.4
    score = -0.8 * there.sum(1) - 1
    again, around, same = (np.sign(x) / 6 for x in (1.5 * there - 0.4 - A, 0.7 * back + 0.2 - B, 0.7 * B + 0.2 - B))
    w = (2 * score * -0.8 * A.sum(1)).mean() + 10 * ((1.5 * A * again).sum() + (back * around).sum())
    v = (2 * score * -0.8 * 2).mean() + 10 * (1.5 * again.sum() + around.sum())
    return w + 5 * (B * same).sum(), v + 5 * same.sum()


def test_generators_loss_and_slopes():
    task = make()
    task.real = Unpaired(pydl.tensor(A), pydl.tensor(B))
    loss = task.generator_loss(task.generate(task.latent(task.real)))
    np.testing.assert_allclose(loss.item(), generator_form(0.7, 0.2), rtol=1e-12)
    got = pydl.grad(loss, [task.generator.G.w, task.generator.G.v])
    np.testing.assert_allclose([g.item() for g in got], slopes_by_hand(), rtol=1e-11)


def test_discriminators_loss_and_slopes():
    task = make()
    real, fake = Unpaired(pydl.tensor(A), pydl.tensor(B)), Unpaired(pydl.tensor(A * 3), pydl.tensor(B * 2))
    loss, _ = task.discriminator_loss(real, fake)
    (a, b, fake_b, fake_a) = (x.sum(1) for x in (A, B, B * 2, A * 3))
    wanted = 0.5 * ((0.3 * a - 1) ** 2 + (0.3 * fake_a) ** 2 + (-0.8 * b - 1) ** 2 + (0.8 * fake_b) ** 2).mean()
    np.testing.assert_allclose(loss.item(), wanted, rtol=1e-12)
    got = pydl.grad(loss, [task.discriminator.D_A.u, task.discriminator.D_B.u])
    by_hand = [((0.3 * a - 1) * a + 0.3 * fake_a**2).mean(), ((-0.8 * b - 1) * b - 0.8 * fake_b**2).mean()]
    np.testing.assert_allclose([g.item() for g in got], by_hand, rtol=1e-12)


def test_both_discriminators_score_images_of_their_domains():
    task = make()
    made = task.generate(task.latent(Unpaired(pydl.tensor(A), pydl.tensor(B))))
    wanted = np.stack([0.3 * (1.5 * B - 0.4).sum(1), -0.8 * (0.7 * A + 0.2).sum(1)], 1)
    np.testing.assert_allclose(task.score(made).detach().numpy(), wanted, rtol=1e-12)


@pytest.mark.parametrize(("there", "collapsed"), [((0.0, 0.3), True), ((-1.0, 0.0), False)])
def test_doctor_sees_translations_that_are_all_alike(there, collapsed):
    points = data.TensorDataset(RNG.normal(size=(100, 2)).astype(np.float32))
    said = io.StringIO()
    doctor = TranslationDoctor(points, lambda x: -x, every=1, count=50, stream=said)
    train.fit(make(there, lr=0.0), data.DataLoader(points, 10), 2, callbacks=[doctor])
    assert ("collapse" in doctor.found) is collapsed
    assert ("mode collapse at step 15" in said.getvalue()) is collapsed
    if not collapsed:
        np.testing.assert_allclose(doctor.series["variety"][-1], doctor.variety_real, rtol=1e-12)


def test_no_picture_of_images_with_other_channels():
    task = make()
    task.show(pydl.zeros(3, 2, 4, 4, dtype=pydl.float64))
    assert task.sample_grid() is None


def test_domains_are_halves_of_a_batch():
    task = make()
    images = pydl.tensor(np.arange(10.0).reshape(5, 2))
    real = task.read((images, None))
    assert real.a.numpy().tolist() == [[0, 1], [2, 3]]
    assert real.b.numpy().tolist() == [[-4, -5], [-6, -7]]
    with pytest.raises(ValueError, match=r"\[CycleTask\] expected batches of two images or more, got 1"):
        task.read(images[:1])


def test_pool_fills_then_swaps_half_of_the_time():
    pool = ImagePool(50, pydl.random.Generator(0))
    first = pydl.arange(50.0).reshape(50, 1)
    assert np.array_equal(pool.query(first).numpy(), first.numpy())
    given = pool.query(pydl.arange(1000.0, 2000.0).reshape(1000, 1)).numpy()[:, 0]
    own = given == np.arange(1000.0, 2000.0)
    assert 0.45 < own.mean() < 0.55
    held = [float(image[0]) for image in pool.images]
    everything = sorted([*given[~own], *held, *np.arange(1000.0, 2000.0)[own]])
    assert everything == [*range(50), *range(1000, 2000)]  # nothing is lost and nothing twice


def test_pool_goes_on_from_its_state():
    rng = pydl.random.Generator(3)
    pool, other = ImagePool(4, rng), ImagePool(4, pydl.random.Generator(9))
    pool.query(pydl.arange(6.0).reshape(6, 1))
    other.load_state_dict(pool.state_dict())
    other.generator.set_state(rng.get_state())
    more = pydl.arange(10.0, 30.0).reshape(20, 1)
    assert np.array_equal(pool.query(more).numpy(), other.query(more).numpy())
    assert np.array_equal(np.stack(pool.images), np.stack(other.images))
    empty = ImagePool(4, rng)
    empty.load_state_dict({"images": None})
    assert empty.images == []
    none = ImagePool(0, rng)
    assert none.query(more) is more


def test_other_domains():
    step = np.zeros((1, 1, 5, 5))
    step[..., 3:] = 0.5
    found = domains.edges(pydl.tensor(step)).numpy()[0, 0]
    assert found[2].tolist() == [0, 0, 0.5, 0.5, 0.5]
    assert domains.inverted(pydl.tensor([0.25])).numpy().tolist() == [0.75]
