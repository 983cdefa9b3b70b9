"""BEGAN: the boundary equilibrium GAN of Berthelot, Schumm and Metz 2017 (arXiv:1703.10717).

The paper halves the learning rate where M stalls; here the option `lr_schedule` lowers it. Its networks have ELU and no
transposed convolutions; here they are DCGAN's without batch norm.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ...creation import zeros
from ...gan import GANTask, Objective, Samples, energy_generator_loss, equilibrium_discriminator_loss
from ...tensor import Tensor
from .assemble import Config, Networks, Variant
from .networks import SHARED, autoencoder, make_generator, presets


class EquilibriumTask(GANTask):
    """D: L(x) - k L(G(z_D)); G: L(G(z_G)); then k ← k + λ_k (γ L(x) - L(G(z_G))), kept in [0, 1] (section 3.4).

    L(v) is the mean of |v - D(v)| over the numbers of a sample, k starts at 0. M = L(x) + |γ L(x) - L(G(z_G))| says
    how far training has come (section 3.4.1).
    """

    def __init__(self, *networks: Any, gamma: float, rate: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.gamma, self.rate = gamma, rate
        self.balance, self.real_loss = zeros(()), 0.0

    def discriminator_loss(self, real: Samples, fake: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        on_real, on_fake = self.score(real), self.score(fake)
        loss = equilibrium_discriminator_loss(on_real, on_fake, self.balance)
        return self.penalised(loss, real, fake), self.beliefs(on_real, on_fake)

    def after_discriminator(self, figures: dict[str, float]) -> None:
        self.real_loss = figures["d_real"]

    def after_generator(self) -> None:
        moved = self.balance.item() + self.rate * (self.gamma * self.real_loss - self.loss_g)
        self.balance.fill_(min(max(moved, 0.0), 1.0))

    def figures(self) -> dict[str, float]:
        return {"k_t": self.balance.item(), "m": self.real_loss + abs(self.gamma * self.real_loss - self.loss_g)}

    def extra_state(self) -> dict[str, Any]:
        return {"balance": self.balance.item(), "real_loss": self.real_loss}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        self.balance.fill_(float(state["balance"]))
        self.real_loss = float(state["real_loss"])


def mean_of_sizes(lost: Tensor) -> Tensor:
    """The mean of |·| over each row."""
    return lost.abs().mean(1)


def networks(config: Config) -> Networks:
    """Generator and decoder have one form, without bounds as in the paper, and without batch norm by default.

    (Where most of a picture is black, tanh and absolute errors would leave no gradient once all of it is.)
    """
    generator = make_generator(config, config["noise"], config["norm_g"], False)
    return generator, autoencoder(config, mean_of_sizes, False)


def parts(config: Config) -> dict[str, Any]:
    """γ, the ratio of L(G(z)) to L(x) that is kept, and the rate λ_k."""
    objective = Objective(
        partial(equilibrium_discriminator_loss, k=0.0), energy_generator_loss, False, None, ordered=False
    )
    return {"objective": objective, "gamma": config["gamma"], "rate": config["rate"]}


OWN = {"lr_g": 1e-4, "norm_g": "none", "noise": 64, "code": 64, "gamma": 0.5, "rate": 1e-3, "norm": "none"}
ENTRY = Variant(
    "began",
    "GAN in which two reconstruction losses are kept in balance (Berthelot et al. 2017)",
    {**SHARED, "batch_size": 16, "lr": 1e-4, **OWN},
    networks,
    parts,
    presets(
        # A small code, so that not everything is decoded well, and a faster G: else k falls to 0 and G collapses.
        {
            "epochs": 60,
            "lr": 2e-4,
            "lr_g": 1e-3,
            "code": 10,
            "rate": 0.05,
            "gamma": 1.0,
            "norm": "batch",
            "norm_g": "batch",
        },
        {"code": 1, "batch_size": 64},
    ),
    task=EquilibriumTask,
).entry()
