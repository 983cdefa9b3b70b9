"""Penalties on slopes: per sample, and differentiable in the parameters."""

import numpy as np
import pytest

import pydl
from pydl import gan, nn
from pydl.gan.penalties import slopes

RNG = np.random.default_rng(1)


def generator():
    return pydl.random.Generator(3)


def test_value_and_gradient_for_a_linear_critic():
    weight = pydl.tensor(RNG.normal(size=(5, 1)), requires_grad=True)
    real, fake = (pydl.tensor(RNG.normal(size=(4, 5))) for _ in range(2))
    value = gan.gradient_penalty(10.0)(lambda x: x @ weight, real, fake, generator())
    norm = np.linalg.norm(weight.detach().numpy())
    np.testing.assert_allclose(value.item(), 10 * (norm - 1) ** 2, rtol=1e-12)
    (got,) = pydl.grad(value, [weight])
    np.testing.assert_allclose(got.numpy(), 20 * (norm - 1) * weight.detach().numpy() / norm, rtol=1e-12)


def test_slope_of_each_sample_over_all_its_dimensions():
    images = RNG.normal(size=(3, 2, 4, 4))
    got = slopes(lambda x: x.square().flatten(1).sum(1) * 0.5, pydl.tensor(images))
    np.testing.assert_allclose(got.detach().numpy(), np.sqrt((images**2).sum((1, 2, 3))), rtol=1e-12)


def test_slope_of_packs_is_over_all_samples_of_a_pack():
    points = RNG.normal(size=(6, 2, 2))
    got = slopes(lambda x: x.square().reshape(2, -1).sum(1) * 0.5, pydl.tensor(points))
    np.testing.assert_allclose(got.detach().numpy(), np.linalg.norm(points.reshape(2, -1), axis=1), rtol=1e-12)


def test_points_lie_between_with_one_share_for_each_sample():
    seen = []

    def critic(x):
        seen.append(x.detach().numpy().copy())
        return x.square().flatten(1).sum(1)

    gan.gradient_penalty()(critic, pydl.ones(6, 1, 3, 3), pydl.zeros(6, 1, 3, 3), generator())
    shares = seen[0].reshape(6, -1)
    assert (shares == shares[:, :1]).all()
    assert len(np.unique(shares[:, 0])) == 6
    assert ((shares >= 0) & (shares < 1)).all()


def test_value_and_gradient_for_a_quadratic_critic():
    """s = a/2 ‖x‖² has the slope |a| ‖x‖ at x, so the penalty is λ E (a ‖x̂‖ - 1)², its slope in a 2 λ E ‖x̂‖ (…)."""
    scale = pydl.tensor(np.array(0.7), requires_grad=True)
    real, fake = (pydl.tensor(RNG.normal(size=(4, 2, 3, 3))) for _ in range(2))
    for penalty in (gan.gradient_penalty(10.0), gan.perturbed_penalty(10.0)):
        seen = []

        def critic(x, seen=seen):
            seen.append(x.detach().numpy())
            return x.square().flatten(1).sum(1) * (scale * 0.5)

        value = penalty(critic, real, fake, generator())
        norms = np.sqrt((seen[0] ** 2).sum((1, 2, 3)))
        np.testing.assert_allclose(value.item(), 10 * ((0.7 * norms - 1) ** 2).mean(), rtol=1e-12)
        wanted = 20 * ((0.7 * norms - 1) * norms).mean()
        np.testing.assert_allclose(pydl.grad(value, [scale])[0].item(), wanted, rtol=1e-12)


def test_points_near_real_samples():
    """x̂ - x = α · ½ std · U: α is one number for each sample, U one for each of its numbers, the std the batch's."""
    seen = []

    def critic(x):
        seen.append(x.detach().numpy())
        return x.square().flatten(1).sum(1)

    real, rng = RNG.normal(2, 3, size=(5, 1, 4, 4)), generator()
    gan.perturbed_penalty(1.0)(critic, pydl.tensor(real), pydl.tensor(real), rng)
    rng = generator()
    uniform = pydl.rand(5, 1, 4, 4, generator=rng, dtype=pydl.float64).numpy()
    alpha = pydl.rand(5, 1, 1, 1, generator=rng, dtype=pydl.float64).numpy()
    np.testing.assert_allclose(seen[0], real + alpha * 0.5 * real.std() * uniform, rtol=1e-12)


def test_perturbed_penalty_of_a_linear_critic():
    weight = pydl.tensor(RNG.normal(size=(5, 1)), requires_grad=True)
    real = pydl.tensor(RNG.normal(size=(4, 5)))
    value = gan.perturbed_penalty(10.0)(lambda x: x @ weight, real, real, generator())
    norm = np.linalg.norm(weight.detach().numpy())
    np.testing.assert_allclose(value.item(), 10 * (norm - 1) ** 2, rtol=1e-12)
    (got,) = pydl.grad(value, [weight])
    np.testing.assert_allclose(got.numpy(), 20 * (norm - 1) * weight.detach().numpy() / norm, rtol=1e-12)


def test_zero_centred_penalty_is_at_real_samples():
    real = RNG.normal(size=(4, 3))
    value = gan.zero_centred_penalty(6.0)(
        lambda x: x.square().sum(1) * 0.5, pydl.tensor(real), pydl.zeros(4, 3, dtype=pydl.float64), generator()
    )
    np.testing.assert_allclose(value.item(), 3 * (real**2).sum(1).mean(), rtol=1e-12)


def test_no_slope_is_no_nan():
    weight = pydl.tensor(np.zeros((2, 1)), requires_grad=True)
    points = pydl.ones(3, 2, dtype=pydl.float64)
    value = gan.gradient_penalty(1.0)(lambda x: x @ weight, points, points, generator())
    assert value.item() == 1.0
    assert np.isfinite(pydl.grad(value, [weight])[0].numpy()).all()


@pytest.mark.parametrize(
    "penalty", [gan.gradient_penalty(10.0), gan.zero_centred_penalty(10.0), gan.perturbed_penalty(10.0)]
)
def test_gradient_through_convolution_norm_and_activation(penalty):
    pydl.manual_seed(0)
    critic = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.Softplus(),
        nn.ConvTranspose2d(4, 2, 2, stride=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(2 * 3 * 3, 1),
    ).double()
    real, fake = (pydl.tensor(RNG.normal(size=(3, 1, 6, 6))) for _ in range(2))
    parameters = list(critic.parameters())

    def value():
        return penalty(critic, real, fake, generator())

    gradients = pydl.grad(value(), parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        array = parameter.detach().numpy()
        where = np.unravel_index(np.abs(gradient.numpy()).argmax(), array.shape) if gradient is not None else None
        if where is None:
            assert parameter is parameters[-1]  # the last bias moves no slope
            continue
        before, step = array[where], 1e-6
        ends = []
        for end in (before + step, before - step):
            array[where] = end
            ends.append(value().item())
        array[where] = before
        np.testing.assert_allclose(gradient.numpy()[where], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-7)


def test_shapes_that_differ_are_an_error():
    with pytest.raises(ValueError, match=r"\[gradient_penalty\] expected real and fake samples of one shape"):
        gan.gradient_penalty()(lambda x: x, pydl.zeros(2, 3), pydl.zeros(3, 3), generator())


@pytest.mark.parametrize("penalty", [gan.gradient_penalty, gan.perturbed_penalty, gan.zero_centred_penalty])
def test_numbers_that_cannot_be_are_refused(penalty):
    for weight, error in ((-1, ValueError), (np.nan, ValueError), (np.inf, ValueError), ("x", TypeError)):
        with pytest.raises(error, match=rf"\[{penalty.__name__}\] expected weight to be a finite number >= 0, got "):
            penalty(weight)
    penalty(0)
    with pytest.raises(ValueError, match="expected target to be a finite number >= 0, got -1"):
        gan.gradient_penalty(target=-1)
    with pytest.raises(ValueError, match="expected scale to be a finite number >= 0, got nan"):
        gan.perturbed_penalty(scale=np.nan)
