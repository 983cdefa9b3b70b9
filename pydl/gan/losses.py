"""What a discriminator and a generator minimise, written on logits, and the pairs that papers use.

s_r and s_f are the discriminator's outputs before any sigmoid on real and on generated samples; D = sigmoid(s). An
energy e, one number for each sample, is what an autoencoder loses of it.
Every loss is a mean over the batch; logits and scores have any shape, (N, 1) in the networks here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .. import ops
from ..creation import eye
from ..nn import functional as F
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


def energy_discriminator_loss(real: Tensor, fake: Tensor, margin: float) -> Tensor:
    """E e_r + E max(0, margin - e_f), for energies e of an autoencoder (Zhao et al. 2017, arXiv:1609.03126, eq. 1)."""
    return real.mean() + ops.relu(margin - fake).mean()


def energy_generator_loss(fake: Tensor) -> Tensor:
    """E e_f (Zhao et al. 2017, eq. 2)."""
    return fake.mean()


def pull_away(codes: Tensor) -> Tensor:
    """1 / (N (N - 1)) · Σᵢ Σ_{j≠i} cos²(Sᵢ, Sⱼ) over the rows of `codes` (N, M) (Zhao et al. 2017, eq. 4).

    ValueError for fewer than two codes.
    """
    if codes.ndim != 2 or codes.shape[0] < 2:
        raise ValueError(f"[pull_away] expected codes (N, M), N >= 2, got shape {codes.shape}")
    count = codes.shape[0]
    unit = F.normalize(codes, dim=1)
    away = 1.0 - eye(count, dtype=codes.dtype, device=codes.device)
    return ((unit @ unit.T).square() * away).sum() / (count * (count - 1))


def equilibrium_discriminator_loss(real: Tensor, fake: Tensor, k: float | Tensor) -> Tensor:
    """E e_r - k · E e_f (Berthelot et al. 2017, arXiv:1703.10717, section 3.4)."""
    return real.mean() - fake.mean() * k


def class_loss(scores: Tensor, classes: Tensor) -> Tensor:
    """-E log P(c | x): `scores` (N, K) before softmax, `classes` (N, K) as ones and zeros.

    Odena et al. 2017 (arXiv:1610.09585), eq. 3, negated.
    """
    return -(ops.log_softmax(scores, 1) * classes).sum(1).mean()


def class_information(scores: Tensor, classes: Tensor) -> Tensor:
    """L_I = E log Q(c | x) + log K, a lower bound of the information about c, uniform over K classes, in nats.

    Chen et al. 2016 (arXiv:1606.03657), eq. 5.
    """
    return math.log(scores.shape[1]) - class_loss(scores, classes)


def code_information(means: Tensor, codes: Tensor) -> Tensor:
    """L_I of codes (N, M), independent and uniform in [-1, 1), under Q(c | x) = N(means, 1).

    E Σ [-½ (c - mean)² - ½ log 2π + log 2]: the entropy of each code is log 2 (Chen et al. 2016, eq. 5).
    """
    entropy = codes.shape[1] * (math.log(2.0) - 0.5 * math.log(2.0 * math.pi))
    return entropy - (codes - means).square().sum(1).mean() * 0.5


@dataclass(frozen=True)
class Objective:
    """One game: the losses of its two players, and what a score of the discriminator says.

    It may be the logit of a `probability`; above the `threshold`, if there is one, a sample counts as real; `ordered`
    is whether real samples are to have the higher scores (energies are lower, or have no order).
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    probability: bool = True
    threshold: float | None = 0.0
    ordered: bool = True

    def belief(self, logits: Tensor) -> Tensor:
        """The mean of D = sigmoid(s), or of s itself where it is no logit of a probability."""
        return (ops.sigmoid(logits) if self.probability else logits).mean()


MINIMAX = Objective(discriminator_loss, minimax_loss)
NON_SATURATING = Objective(discriminator_loss, non_saturating_loss)
LEAST_SQUARES = Objective(least_squares_discriminator_loss, least_squares_generator_loss, False, threshold=0.5)
WASSERSTEIN = Objective(wasserstein_critic_loss, wasserstein_generator_loss, False, threshold=None)
HINGE = Objective(hinge_discriminator_loss, wasserstein_generator_loss, False)

OBJECTIVES = {
    "minimax": MINIMAX,
    "non-saturating": NON_SATURATING,
    "least-squares": LEAST_SQUARES,
    "wasserstein": WASSERSTEIN,
    "hinge": HINGE,
}
