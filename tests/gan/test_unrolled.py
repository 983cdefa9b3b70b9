"""Unrolled GANs: the value and the gradient of f_K in closed form, and what the K steps leave behind."""

import numpy as np
import pytest

import pydl
from pydl import gan, nn, optim
from pydl.gan.trainer import Samples
from pydl.models.gan.unrolled import UnrolledTask, adam_like, replaced, step_rates

A, C, ETA, REAL = 0.7, 1.3, 0.1, 2.0


class Affine(nn.Module):
    """x → w · x, with w of shape (1, 1)."""

    def __init__(self, value):
        super().__init__()
        self.weight = nn.Parameter(pydl.tensor([[value]], dtype=pydl.float64))

    def forward(self, inputs):
        return inputs @ self.weight


# L_D(w, x) = ½ c w² - w (r - x), s = w x: in one step w' = (1 - ηc) w + η (r - x), and G minimises -L_D(w_K, x).
QUADRATIC = gan.Objective(lambda real, fake: fake.mean() - real.mean(), gan.wasserstein_generator_loss, False)


def quadratic_game(unroll, inner="sgd"):
    generator, discriminator = Affine(A), Affine(0.4)
    decay = [lambda score, real, fake, rng: discriminator.weight.square().sum() * (C / 2)]
    optimizers = optim.SGD(generator.parameters(), lr=1.0), optim.SGD(discriminator.parameters(), lr=ETA)
    return UnrolledTask(
        generator, discriminator, *optimizers, gan.Noise(1), objective=QUADRATIC, penalties=decay, centre=False,
        unroll=unroll, inner=inner,
    )  # fmt: skip


def closed_form(x, unroll):
    """f_K = w_K (r - x) - ½ c w_K² and df_K/dx = -w_K + (r - x - c w_K) dw_K/dx.

    w_K = qᴷ w + η (r - x)(1 - qᴷ) / (1 - q), q = 1 - ηc. Without a step G minimises -w x, of the same slope.
    """
    q = 1 - ETA * C
    gain = ETA * (1 - q**unroll) / (1 - q)
    last = q**unroll * 0.4 + gain * (REAL - x)
    value = last * (REAL - x) - C / 2 * last**2
    return value if unroll else -last * x, -last - (REAL - x - C * last) * gain


@pytest.mark.parametrize("unroll", [0, 1, 2, 5, 20])
def test_quadratic_game_in_closed_form(unroll):
    task = quadratic_game(unroll)
    task.real = Samples(pydl.full((1, 1), REAL, dtype=pydl.float64))
    x = pydl.tensor([[A]], dtype=pydl.float64, requires_grad=True)
    if unroll == 0:
        task.discriminator.requires_grad_(False)
    loss = task.generator_loss(Samples(x))
    (slope,) = pydl.grad(loss, x)
    value, gradient = closed_form(A, unroll)
    np.testing.assert_allclose(loss.item(), value, rtol=1e-13)
    np.testing.assert_allclose(slope.item(), gradient, rtol=1e-12)
    assert task.discriminator.weight.item() == 0.4


def test_the_slope_through_the_steps_is_not_that_of_the_last_discriminator_alone():
    _, gradient = closed_form(A, 5)
    _, without = closed_form(A, 0)
    assert abs(gradient - without) > 0.1


@pytest.mark.parametrize("moved", [0, 3])
def test_inner_adam_is_the_optimizer(moved):
    """K steps on the tape from a standing optimizer give the parameters that K steps of it give."""
    pydl.manual_seed(1)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    inputs = pydl.randn(6, 3, dtype=pydl.float64)
    optimizer = optim.Adam(net.parameters(), lr=0.05, betas=(0.5, 0.9))

    def ordinary():
        optimizer.zero_grad()
        net(inputs).square().mean().backward()
        optimizer.step()

    for _ in range(moved):
        ordinary()
    weights = [p.detach().clone().requires_grad_() for p in net.parameters()]
    step = adam_like(optimizer, pydl.from_numpy(step_rates(optimizer, 4)))
    for _ in range(4):
        with replaced(net, weights):
            loss = net(inputs).square().mean()
        weights = step(weights, pydl.grad(loss, weights, create_graph=True))
    for _ in range(4):
        ordinary()
    for got, wanted in zip(weights, net.parameters(), strict=True):
        np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("inner", ["sgd", "adam"])
def test_slope_against_differences(inner):
    """df_K/dG by central differences in float64, with the loss of the first GAN's discriminator."""
    pydl.manual_seed(2)
    discriminator = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    generator = nn.Linear(2, 2).double()
    optimizers = [optim.Adam(net.parameters(), lr=0.05, betas=(0.5, 0.9)) for net in (generator, discriminator)]
    task = UnrolledTask(
        generator, discriminator, *optimizers, gan.Noise(2), centre=False, grid_size=1, unroll=3, inner=inner
    )
    task.real = Samples(pydl.randn(4, 2, dtype=pydl.float64))
    start = pydl.randn(4, 2, dtype=pydl.float64).numpy()
    fake = pydl.tensor(start, requires_grad=True)
    (slope,) = pydl.grad(task.generator_loss(Samples(fake)), fake)
    for place in [(0, 0), (3, 1)]:
        sides = []
        for step in (1e-5, -1e-5):
            moved = start.copy()
            moved[place] += step
            sides.append(task.generator_loss(Samples(pydl.tensor(moved))).item())
        np.testing.assert_allclose(slope.numpy()[place], (sides[0] - sides[1]) / 2e-5, rtol=1e-6, atol=1e-10)


def test_no_step_is_the_ordinary_gan_bit_for_bit(small):
    plain, task = small.make(), small.make(kind=UnrolledTask, unroll=0)
    for batch in small.batches(20):
        assert plain.step(batch) == task.step(batch)
    assert small.digest(plain) == small.digest(task)


@pytest.mark.parametrize("inner", ["sgd", "adam"])
def test_the_steps_ahead_leave_the_discriminator_as_it_was(small, inner):
    """With buffers that the forward passes change: only the discriminator's own step leaves its mark on them."""
    task = small.make(kind=UnrolledTask, unroll=4, inner=inner, normalise=True)
    plain = small.make(normalise=True)
    batch = small.batches(1)[0]
    task.step(batch)
    plain.step(batch)
    assert all(type(p) is nn.Parameter for p in task.discriminator.parameters())
    for own, wanted in zip(task.discriminator.parameters(), plain.discriminator.parameters(), strict=True):
        assert np.array_equal(own.detach().numpy(), wanted.detach().numpy())
    seen = [game.discriminator[1].num_batches_tracked.item() for game in (task, plain)]
    assert seen == [2, 3]


def test_resumes_bit_for_bit(small):
    task, other = (small.make(seed, kind=UnrolledTask, unroll=3) for seed in (0, 4))
    steps = small.batches(12)
    for batch in steps[:6]:
        task.step(batch)
    other.load_state_dict(task.state_dict())
    assert [task.step(b) for b in steps[6:]] == [other.step(b) for b in steps[6:]]
    assert small.digest(task) == small.digest(other)


@pytest.mark.parametrize(
    ("options", "error"),
    [({"unroll": -1}, ValueError), ({"unroll": 1.5}, TypeError), ({"inner": "newton"}, ValueError)],
)
def test_options_are_checked(small, options, error):
    with pytest.raises(error, match=r"\[UnrolledTask\] expected (unroll|inner)"):
        small.make(kind=UnrolledTask, **options)
