"""What a discriminator and a generator minimise, written on logits, and the pairs that papers use.

s_r and s_f are the discriminator's outputs before any sigmoid on real and on generated samples; D = sigmoid(s).
Every loss is a mean over the batch. Sums over terms of both kinds of sample are not halved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import ops
from ..tensor import Tensor


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-E log D(x) - E log(1 - D(G(z))) = E softplus(-s_r) + E softplus(s_f).

    Goodfellow et al. 2014 (arXiv:1406.2661), Algorithm 1.
    """
    return ops.softplus(-real).mean() + ops.softplus(fake).mean()


def minimax_loss(fake: Tensor) -> Tensor:
    """E log(1 - D(G(z))) = -E softplus(s_f): the generator's part of the game (Goodfellow et al. 2014, eq. 1).

    Its gradient vanishes where the discriminator is sure, which is early in training.
    """
    return -ops.softplus(fake).mean()


def non_saturating_loss(fake: Tensor) -> Tensor:
    """-E log D(G(z)) = E softplus(-s_f) (Goodfellow et al. 2014, section 3)."""
    return ops.softplus(-fake).mean()


def least_squares_discriminator_loss(real: Tensor, fake: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """½ E (s_r - b)² + ½ E (s_f - a)² (Mao et al. 2017, arXiv:1611.04076, eq. 2)."""
    return (real - b).square().mean() * 0.5 + (fake - a).square().mean() * 0.5


def least_squares_generator_loss(fake: Tensor, c: float = 1.0) -> Tensor:
    """½ E (s_f - c)² (Mao et al. 2017, eq. 2)."""
    return (fake - c).square().mean() * 0.5


def wasserstein_critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E s_f - E s_r, for a critic kept Lipschitz by clipping or a penalty (Arjovsky et al. 2017, arXiv:1701.07875)."""
    return fake.mean() - real.mean()


def wasserstein_generator_loss(fake: Tensor) -> Tensor:
    """-E s_f (Arjovsky et al. 2017)."""
    return -fake.mean()


def hinge_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 - s_r) + E max(0, 1 + s_f) (Lim and Ye 2017, arXiv:1705.02894)."""
    return ops.relu(1.0 - real).mean() + ops.relu(1.0 + fake).mean()


@dataclass(frozen=True)
class Objective:
    """One game: the losses of its two players, and whether a logit stands for a probability."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    probability: bool = True

    def belief(self, logits: Tensor) -> float:
        """The mean of D = sigmoid(s), or of s itself where it is no logit of a probability."""
        return float((ops.sigmoid(logits) if self.probability else logits).mean().item())


MINIMAX = Objective(discriminator_loss, minimax_loss)
NON_SATURATING = Objective(discriminator_loss, non_saturating_loss)
LEAST_SQUARES = Objective(least_squares_discriminator_loss, least_squares_generator_loss, probability=False)
WASSERSTEIN = Objective(wasserstein_critic_loss, wasserstein_generator_loss, probability=False)
HINGE = Objective(hinge_discriminator_loss, wasserstein_generator_loss, probability=False)

OBJECTIVES = {
    "minimax": MINIMAX,
    "non-saturating": NON_SATURATING,
    "least-squares": LEAST_SQUARES,
    "wasserstein": WASSERSTEIN,
    "hinge": HINGE,
}
