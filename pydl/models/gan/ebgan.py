"""EBGAN: the energy-based GAN of Zhao, Mathieu and LeCun 2017 (arXiv:1609.03126).

The paper chooses its margin for each data set; here it is 10, and less for samples of fewer numbers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ...gan import GANTask, Objective, Samples, energy_discriminator_loss, energy_generator_loss, pull_away
from ...tensor import Tensor
from .assemble import Config, Networks, Variant
from .networks import SHARED, autoencoder, make_generator, presets


class EnergyTask(GANTask):
    """D: E e(x) + E max(0, m - e(G(z))); G: E e(G(z)) + λ_PT · PT, with e(x) = ‖Dec(Enc(x)) - x‖₂ (eq. 1, 2, 4).

    PT, the pull-away term, keeps the codes of generated samples from pointing the same way.
    """

    def __init__(self, *networks: Any, pull: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.pull = pull

    def generator_loss(self, fake: Samples) -> Tensor:
        codes = self.discriminator.encoder(fake.data)
        loss = self.objective.generator(self.discriminator.energy(fake.data, codes))
        return loss + pull_away(codes) * self.pull if self.pull else loss


def norm(lost: Tensor) -> Tensor:
    """‖·‖₂ of each row."""
    return lost.norm(2, 1)


def networks(config: Config) -> Networks:
    """The discriminator is an autoencoder whose decoder is made as the generator is."""
    return make_generator(config, config["noise"]), autoencoder(config, norm)


def parts(config: Config) -> dict[str, Any]:
    """The margin m, in the units of ‖Dec(Enc(x)) - x‖₂, and λ_PT; ValueError where no two codes can be compared."""
    if config["pull"] and config["batch_size"] < 2:
        raise ValueError(f"[ebgan] expected batch_size >= 2 where pull is not 0, got {config['batch_size']}")
    discriminator = partial(energy_discriminator_loss, margin=config["margin"])
    return {
        "objective": Objective(discriminator, energy_generator_loss, False, None, ordered=False),
        "pull": config["pull"],
    }


ENTRY = Variant(
    "ebgan",
    "energy-based GAN: the discriminator is an autoencoder (Zhao et al. 2017)",
    {**SHARED, "lr": 1e-3, "margin": 10.0, "pull": 0.1, "code": 32},
    networks,
    parts,
    presets({"epochs": 40, "batch_size": 16, "margin": 4.0}, {"code": 1, "batch_size": 64, "margin": 0.5}),
    task=EnergyTask,
).entry()
