"""Stacked GAN: Huang, Li, Poursaeed, Hopcroft and Belongie 2017 (arXiv:1612.04357), of two levels.

G1 makes features of a classifier from a class, G0 an image from features; D1 sees features, D0 images. The classifier
is trained first, on the same data.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import nn, ops, optim
from ...autograd import no_grad
from ...creation import from_numpy
from ...gan import NON_SATURATING, Codes, ConditionalTask, Samples, class_loss
from ...nn.functional import mse_loss
from ...tensor import Tensor
from ..registry import Data, complete
from .assemble import Config, Networks, Variant, arrays_of, labelled
from .networks import SHARED, Both, Headed, make_discriminator, make_generator, presets
from .perceptrons import MLPDiscriminator


class Encoder(nn.Module):
    """Samples (N, *shape) → features (N, width), and from these scores (N, classes)."""

    def __init__(self, inputs: int, width: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width))
        self.head = nn.Linear(width, classes)

    def forward(self, input: Tensor) -> Tensor:
        return self.head(self.features(input))


def learn(encoder: Encoder, images: np.ndarray, labels: np.ndarray, steps: int, seed: int) -> None:
    """Train the classifier by Adam on minibatches of 64 that `seed` chooses; it is fixed afterwards."""
    optimizer, rng = optim.Adam(encoder.parameters(), lr=1e-3), np.random.default_rng(seed)
    for _ in range(steps):
        chosen = rng.integers(len(images), size=min(64, len(images)))
        loss = nn.functional.cross_entropy(encoder(from_numpy(images[chosen])), from_numpy(labels[chosen]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    encoder.requires_grad_(False).eval()


class Stack(NamedTuple):
    """What both generators made: images (`data`), the classes asked for, features; and what the images were made of.

    `noise` is z₁ and z₀.
    """

    data: Tensor
    given: Tensor
    features: Tensor
    condition: Tensor
    noise: tuple[Tensor, Tensor]


class StackedGenerator(nn.Module):
    """Rows of z₁, z₀ and a class → images: G1 makes features of z₁ and the class, G0 images of z₀ and features."""

    def __init__(self, G1: nn.Module, G0: nn.Module, size: int, classes: int) -> None:
        super().__init__()
        self.upper, self.lower, self.size, self.classes = G1, G0, size, classes

    @property
    def G1(self) -> nn.Module:
        return self.upper

    @property
    def G0(self) -> nn.Module:
        return self.lower

    def stack(self, latent: Tensor) -> Stack:
        """All that is made. Where features follow the class in the row, the images are made of those."""
        half, size = self.size // 2, self.size
        z1, z0, given = latent[:, :half], latent[:, half:size], latent[:, size : size + self.classes]
        features = self.G1(ops.cat([z1, given], 1))
        own = latent.shape[1] == size + self.classes
        condition = features if own else latent[:, size + self.classes :]
        return Stack(self.G0(ops.cat([z0, condition], 1)), given, features, condition, (z1, z0))

    def forward(self, latent: Tensor) -> Tensor:
        return self.stack(latent).data


class StackedDiscriminator(Both):
    """D1 of features and D0 of images, each with a second head that finds z again."""

    @property
    def D1(self) -> nn.Module:
        return self.first

    @property
    def D0(self) -> nn.Module:
        return self.second


class StackedTask(ConditionalTask):
    """At each level L_D = adversarial + entropy · L_ent and L_G = adversarial + conditional · L_cond + entropy · L_ent.

    L_cond says how well the classifier finds again what was asked for: -log P(class) of the features (eq. 5), and the
    mean squared distance of the image's features from those it was made of. L_ent is the mean squared error with which
    a second head of the discriminator finds z again (eq. 6): -log Q(z | h) for a Gaussian of fixed width. For the
    first `apart` steps G0 is given features of real images, then those of G1.
    """

    encoder: Encoder

    def __init__(self, *networks: Any, conditional: float, entropy: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.conditional, self.entropy, self.apart = conditional, entropy, 0

    def phase(self) -> str:
        return "joined" if self.steps >= self.apart else "apart"

    def latent(self, real: Samples) -> Tensor:
        rows = super().latent(real)
        if self.phase() == "joined":
            return rows
        with no_grad():
            return ops.cat([rows, self.encoder.features(real.data)], 1)

    def generate(self, latent: Tensor) -> Any:
        return self.generator.stack(latent)

    def score(self, samples: Samples) -> Tensor:
        return self.discriminator.D0(samples.data)[0]

    def discriminator_loss(self, real: Samples, fake: Any) -> tuple[Tensor, dict[str, Tensor]]:
        with no_grad():
            features = self.encoder.features(real.data)
        D1, D0 = self.discriminator.D1, self.discriminator.D0
        (on_real, _), (on_fake, found) = D0(real.data), D0(fake.data)
        (above_real, _), (above_fake, above) = D1(features), D1(fake.features)
        loss = self.objective.discriminator(on_real, on_fake) + self.objective.discriminator(above_real, above_fake)
        lost = mse_loss(above, fake.noise[0]) + mse_loss(found, fake.noise[1])
        return self.penalised(loss + lost * self.entropy, real, fake), self.beliefs(on_real, on_fake)

    def generator_loss(self, fake: Any) -> Tensor:
        (on_fake, found), (above_fake, above) = self.discriminator.D0(fake.data), self.discriminator.D1(fake.features)
        loss = self.objective.generator(on_fake) + self.objective.generator(above_fake)
        asked = class_loss(self.encoder.head(fake.features), fake.given)
        asked = asked + mse_loss(self.encoder.features(fake.data), fake.condition)
        lost = mse_loss(above, fake.noise[0]) + mse_loss(found, fake.noise[1])
        return loss + asked * self.conditional + lost * self.entropy

    def extra_state(self) -> dict[str, Any]:
        return {"encoder": self.encoder.state_dict(), "apart": self.apart}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        self.encoder.load_state_dict(state["encoder"])
        self.apart = int(state["apart"])  # more epochs than were asked for first do not move the switch


class StackedVariant(Variant):
    """A variant whose classifier is trained before the rest."""

    def build(self, data: Data, config: Config) -> Any:
        config = complete(config, data)
        task: Any = super().build(data, config)
        encoder = Encoder(int(np.prod(config["shape"])), config["features"], labelled(config))
        learn(encoder, *arrays_of(data.train, task.centre), config["encoder_steps"], config["seed"])
        task.encoder = encoder
        task.apart = int(config["apart"] * config["epochs"] * (len(data.train) // config["batch_size"]))
        return task


def latent(config: Config) -> Codes:
    """Noise, half of it for each level, and a class; ValueError for an odd number."""
    if config["noise"] % 2:
        raise ValueError(f"[stacked-gan] expected noise as an even number, got {config['noise']}")
    return Codes(config["noise"], config["noise_kind"], labelled(config))


def networks(config: Config) -> Networks:
    """Perceptrons for the features, and for images the networks that the variants share."""
    half, width, classes = config["noise"] // 2, config["features"], labelled(config)
    G1 = nn.Sequential(
        nn.Linear(half + classes, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width),
        nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width),
    )  # fmt: skip
    generator = StackedGenerator(G1, make_generator(config, half + width), config["noise"], classes)
    bodies = MLPDiscriminator((width,), [width, width]), make_discriminator(config)
    D1, D0 = (Headed(body, nn.Linear(body.feature_count, half)) for body in bodies)
    return generator, StackedDiscriminator(D1, D0)


def parts(config: Config) -> dict[str, Any]:
    """The non-saturating loss, and the weights of the other two."""
    return {"objective": NON_SATURATING, "conditional": config["conditional"], "entropy": config["entropy"]}


OWN = {"batch_size": 100, "lr": 1e-4, "conditional": 1.0, "entropy": 10.0, "features": 256, "encoder_steps": 2000}
ENTRY = StackedVariant(
    "stacked-gan",
    "GAN of two levels: features of a classifier, then images (Huang et al. 2017)",
    {**{k: v for k, v in SHARED.items() if k != "r1"}, "apart": 0.5, **OWN},
    networks,
    parts,
    presets({"epochs": 40, "batch_size": 16, "lr": 1e-3, "features": 64, "encoder_steps": 1000}),
    task=StackedTask,
    latent=latent,
    asked=True,
    paper={"epochs": 200},
).entry()
