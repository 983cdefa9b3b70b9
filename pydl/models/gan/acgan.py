"""ACGAN: the GAN with an auxiliary classifier of Odena, Olah and Shlens 2017 (arXiv:1610.09585).

The paper's discriminator has dropout, this one has not.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...gan import NON_SATURATING, ConditionalTask, Samples, class_loss
from ...tensor import Tensor
from .assemble import Config, Networks, Variant, codes, labelled, spectrally_normalised
from .networks import SHARED, Headed, make_discriminator, make_generator, presets


class ACGANTask(ConditionalTask):
    """D maximises L_S + L_C and G maximises L_C - L_S, with the non-saturating form of L_S.

    L_C = E log P(c | x) + E log P(c | G(z, c)), of which G moves the second term only (eq. 2 and 3).
    """

    def score(self, samples: Samples) -> Tensor:
        return self.discriminator(samples.data)[0]

    def discriminator_loss(self, real: Samples, fake: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        (on_real, classes_real), (on_fake, classes_fake) = (self.discriminator(part.data) for part in (real, fake))
        named_real, named_fake = class_loss(classes_real, real.given), class_loss(classes_fake, fake.given)
        loss = self.objective.discriminator(on_real, on_fake) + named_real + named_fake
        figures = {"class_real": named_real, "class_fake": named_fake}
        return self.penalised(loss, real, fake), {**self.beliefs(on_real, on_fake), **figures}

    def generator_loss(self, fake: Samples) -> Tensor:
        on_fake, classes = self.discriminator(fake.data)
        return self.objective.generator(on_fake) + class_loss(classes, fake.given)


def networks(config: Config) -> Networks:
    """G takes noise and class; D has a linear head for the class beside that for real and generated."""
    body = make_discriminator(config)
    head = nn.Linear(body.feature_count, labelled(config))
    return make_generator(config, codes(config).width), spectrally_normalised(Headed(body, head), config)


def parts(config: Config) -> dict[str, Any]:
    """The losses of the first GAN for L_S."""
    return {"objective": NON_SATURATING}


ENTRY = Variant(
    "acgan",
    "GAN whose discriminator names the class too (Odena et al. 2017)",
    {**SHARED, "batch_size": 100},
    networks,
    parts,
    presets({"epochs": 40, "batch_size": 16, "lr": 2e-3}),
    task=ACGANTask,
    latent=codes,
    asked=True,
).entry()
