"""CGAN: the conditional GAN of Mirza and Osindero 2014 (arXiv:1411.1784).

The paper's networks are perceptrons with dropout of one half and maxout in D, for MNIST; its momentum grows from 0.5 to
0.7, its rate falls with every step. Here are the networks of the other variants, and both stay.
"""

from __future__ import annotations

from ...gan import ConditionalTask, Samples
from ...tensor import Tensor
from . import assemble
from .assemble import Config, Networks, Variant, codes, labelled, spectrally_normalised
from .networks import SHARED, Conditioned, make_discriminator, make_generator, presets


class CGANTask(ConditionalTask):
    """D(x, y) and G(z, y): both players see the class (eq. 2)."""

    def score(self, samples: Samples) -> Tensor:
        return self.discriminator(samples.data, samples.given)


def networks(config: Config) -> Networks:
    """G takes noise and class side by side, D the class as further channels, or columns for points."""
    generator = make_generator(config, codes(config).width)
    discriminator = make_discriminator(config, more=labelled(config))
    return generator, spectrally_normalised(Conditioned(discriminator), config)


ENTRY = Variant(
    "cgan",
    "conditional GAN: generator and discriminator see the class (Mirza and Osindero 2014)",
    {**SHARED, "optimizer": "adam", "loss": "non-saturating", "batch_size": 100},
    networks,
    assemble.chosen_loss,
    presets({"epochs": 40, "batch_size": 16, "lr": 2e-3}),
    task=CGANTask,
    latent=codes,
    optimizer=assemble.adam_or_sgd,
    paper={"optimizer": "sgd", "lr": 0.1},
    asked=True,
).entry()
