"""Penalties on the slope of a discriminator, sample by sample, differentiable in its parameters.

Each takes the discriminator, a real and a generated batch of one shape (N, …) and a generator of random numbers,
and returns a scalar to be added to the discriminator's loss. TypeError or ValueError for a weight, target or scale
that is no finite number >= 0. Layers that mix the samples of a batch (batch normalisation) make the slope at one
sample depend on the others: the papers use none in the critic.
"""

from __future__ import annotations

from collections.abc import Callable

from .. import random
from ..autograd import grad
from ..checks import number
from ..tensor import Tensor

Penalty = Callable[[Callable[[Tensor], Tensor], Tensor, Tensor, random.Generator], Tensor]


def slopes(discriminator: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """‖∇ₓ s(x)‖₂ over all dimensions but the first: one number for each of the N points, on the tape.

    Of a discriminator that takes m points at once, one number for each of its N / m inputs.
    """
    points = points.detach().requires_grad_()
    scores = discriminator(points)
    (gradient,) = grad(scores.sum(), points, create_graph=True)
    return gradient.reshape(scores.shape[0], -1).norm(2, 1)


def per_sample(like: Tensor, generator: random.Generator) -> Tensor:
    """One uniform number in [0, 1) for each sample of `like`, shaped to broadcast over its other dimensions."""
    shape = (like.shape[0], *[1] * (like.ndim - 1))
    return random.rand(shape, generator=generator, dtype=like.dtype)


def gradient_penalty(weight: float = 10.0, target: float = 1.0) -> Penalty:
    """weight · E (‖∇ s(x̂)‖₂ - target)², x̂ = ε x + (1 - ε) G(z), ε uniform, one for each sample.

    Gulrajani et al. 2017 (arXiv:1704.00028), Algorithm 1.
    """
    _check_numbers("gradient_penalty", weight=weight, target=target)

    def penalty(
        discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: random.Generator
    ) -> Tensor:
        _check("gradient_penalty", real, fake)
        mix = per_sample(real, generator)
        between = mix * real.detach() + (1.0 - mix) * fake.detach()
        return (slopes(discriminator, between) - target).square().mean() * weight

    return penalty


def perturbed_penalty(weight: float = 10.0, target: float = 1.0, scale: float = 0.5) -> Penalty:
    """weight · E (‖∇ s(x̂)‖₂ - target)² around real samples: x̂ = x + α (x_p - x), x_p = x + scale · std · U.

    std is that of all numbers of the batch, U uniform in [0, 1) for each of them, α uniform, one for each sample.
    Kodali et al. 2017 (arXiv:1705.07215), eq. 3, with the points of the authors' code; s are logits.
    """
    _check_numbers("perturbed_penalty", weight=weight, target=target, scale=scale)

    def penalty(
        discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: random.Generator
    ) -> Tensor:
        real = real.detach()
        away = random.rand(real.shape, generator=generator, dtype=real.dtype) * (real.std(correction=0) * scale)
        points = real + per_sample(real, generator) * away
        return (slopes(discriminator, points) - target).square().mean() * weight

    return penalty


def zero_centred_penalty(weight: float = 10.0) -> Penalty:
    """weight / 2 · E ‖∇ s(x)‖₂² at real samples: R1 (Mescheder et al. 2018, arXiv:1801.04406, eq. 9)."""
    _check_numbers("zero_centred_penalty", weight=weight)

    def penalty(
        discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: random.Generator
    ) -> Tensor:
        return slopes(discriminator, real).square().mean() * (weight / 2)

    return penalty


def _check_numbers(function: str, **numbers: float) -> None:
    for name, value in numbers.items():
        number(function, name, value, 0, finite=True)


def _check(function: str, real: Tensor, fake: Tensor) -> None:
    if real.shape != fake.shape or real.ndim < 2:
        raise ValueError(
            f"[{function}] expected real and fake samples of one shape (N, …), got {real.shape} and {fake.shape}"
        )
