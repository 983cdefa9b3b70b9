"""InfoGAN: codes that samples show without having been labelled, by Chen et al. 2016 (arXiv:1606.03657).

The authors' 50 epochs on MNIST are of 100 steps each; here an epoch goes through all data.
"""

from __future__ import annotations

from typing import Any

from ... import nn
from ...gan import NON_SATURATING, Codes, GANTask, Samples, class_information, code_information
from ...tensor import Tensor
from .assemble import Config, Networks, Variant, spectrally_normalised
from .networks import SHARED, Headed, make_discriminator, make_generator, presets


class InfoTask(GANTask):
    """min over G and Q, max over D of V(D, G) - λ L_I(G, Q), with L_I = E log Q(c | G(z, c)) + H(c) (eq. 6).

    Q is a second head of D, so the discriminator's step moves it, as in the authors' code. It gives the scores of
    the classes, and the means of the continuous codes, whose variance is 1.
    """

    noise: Codes

    def __init__(self, *networks: Any, weight: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.weight = weight

    def latent(self, real: Samples) -> Tensor:
        return self.noise.draw(real.data.shape[0], self.rng)

    def score(self, samples: Samples) -> Tensor:
        return self.discriminator(samples.data)[0]

    def information(self, guess: Tensor, given: Tensor) -> Tensor:
        """L_I in nats: of the class and of all continuous codes."""
        k = self.noise.classes
        found = class_information(guess[:, :k], given[:, :k])
        return found + code_information(guess[:, k:], given[:, k:]) if self.noise.continuous else found

    def discriminator_loss(self, real: Samples, fake: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        (on_real, _), (on_fake, guess) = (self.discriminator(part.data) for part in (real, fake))
        information = self.information(guess, fake.given)
        loss = self.objective.discriminator(on_real, on_fake) - information * self.weight
        figures = {**self.beliefs(on_real, on_fake), "information": information}
        return self.penalised(loss, real, fake), figures

    def generator_loss(self, fake: Samples) -> Tensor:
        on_fake, guess = self.discriminator(fake.data)
        return self.objective.generator(on_fake) - self.information(guess, fake.given) * self.weight


def latent(config: Config) -> Codes:
    """Noise, a class out of `categories`, and `codes` numbers."""
    return Codes(config["noise"], config["noise_kind"], config["categories"], config["codes"])


def networks(config: Config) -> Networks:
    """Q: a layer of 128, batch norm, LeakyReLU and a linear layer on the features of D (appendix C.1)."""
    body = make_discriminator(config)
    width, outputs = config["head"], config["categories"] + config["codes"]
    head = nn.Sequential(
        nn.Linear(body.feature_count, width), nn.BatchNorm1d(width), nn.LeakyReLU(0.1), nn.Linear(width, outputs)
    )
    return make_generator(config, latent(config).width), spectrally_normalised(Headed(body, head), config)


def parts(config: Config) -> dict[str, Any]:
    """The losses of the first GAN, and the weight λ of L_I."""
    return {"objective": NON_SATURATING, "weight": config["weight"]}


OWN = {"lr_g": 1e-3, "noise": 62, "categories": 10, "codes": 2, "head": 128, "weight": 1.0}
# Points: a category for every mode.
PLANE = {"codes": 1, "categories": 8}
PRESETS = presets({"epochs": 40, "batch_size": 16, "lr": 2e-3, "lr_g": 2e-3}, PLANE)
ENTRY = Variant(
    "infogan",
    "GAN whose samples show a class and codes that nobody labelled (Chen et al. 2016)",
    {**SHARED, "epochs": 50, "batch_size": 128, **OWN},
    networks,
    parts,
    {**PRESETS, "grid": {**PRESETS["grid"], "categories": 25, "r1": 0.03}, "iris": {"batch_size": 32}},
    task=InfoTask,
    latent=latent,
).entry()
