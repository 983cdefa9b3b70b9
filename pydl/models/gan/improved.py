"""The techniques of Salimans et al. 2016 (arXiv:1606.03498) together, on the networks that the variants share.

The paper's own are the techniques and the target 0.9; it never has all of them in one network, and the rest is DCGAN's.
"""

from __future__ import annotations

from typing import Any

from ... import nn, random
from ...gan import GANTask, Samples
from ...gan.techniques import (
    HistoricalAverage,
    MinibatchDiscrimination,
    Referenced,
    VirtualBatchNorm,
    feature_matching,
    smoothed,
)
from ...tensor import Tensor
from .assemble import Config, Networks, Variant, is_image, plain_noise, spectrally_normalised
from .networks import SHARED, make_discriminator, make_generator, presets


class ImprovedTask(GANTask):
    """Label smoothing by the objective; `history` and `match` are the weights of the averaging and the features."""

    def __init__(self, *networks: Any, history: float, match: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.history, self.match = history, match
        self.past_g, self.past_d = (HistoricalAverage(net.parameters()) for net in (self.generator, self.discriminator))

    def discriminator_loss(self, real: Samples, fake: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        loss, figures = super().discriminator_loss(real, fake)
        return (loss + self.past_d.cost() * self.history if self.history else loss), figures

    def generator_loss(self, fake: Samples) -> Tensor:
        assert self.real is not None
        loss = super().generator_loss(fake)
        if self.history:
            loss = loss + self.past_g.cost() * self.history
        if self.match:
            features: Any = self.discriminator.features
            loss = loss + feature_matching(features(self.real.data), features(fake.data)) * self.match
        return loss

    def after_discriminator(self, figures: dict[str, float]) -> None:
        self.past_d.update()

    def after_generator(self) -> None:
        self.past_g.update()

    def extra_state(self) -> dict[str, Any]:
        return {"past_g": self.past_g.state_dict(), "past_d": self.past_d.state_dict()}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        self.past_g.load_state_dict(state["past_g"])
        self.past_d.load_state_dict(state["past_d"])


class Comparing(nn.Module):
    """A discriminator whose last layer sees how close each sample is to the others of its batch."""

    def __init__(self, body: Any, kernels: int) -> None:
        super().__init__()
        self.body = body
        self.compare = MinibatchDiscrimination(body.feature_count, kernels, 4)
        self.last = nn.Linear(body.feature_count + kernels, 1)

    def features(self, samples: Tensor) -> Tensor:
        """What the samples are compared by, (N, A)."""
        return self.body.features(samples).flatten(1)

    def forward(self, samples: Tensor) -> Tensor:
        return self.last(self.compare(self.features(samples)))


def virtual(generator: Any, config: Config) -> nn.Module:
    """`generator` with virtual batch normalisation, by a reference batch of `references` inputs drawn once."""
    count = config["references"]
    for i, layer in enumerate(generator.layers):
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            generator.layers[i] = VirtualBatchNorm(layer.num_features, count)
    return Referenced(generator, plain_noise(config)(count, random.Generator(config["seed"])))


def networks(config: Config) -> Networks:
    """Images: virtual batch normalisation in G; D compares the samples of a batch."""
    generator = make_generator(config, config["noise"])
    body = make_discriminator(config)
    body.layers[-1] = nn.Identity()
    discriminator = spectrally_normalised(Comparing(body, config["kernels"]), config)
    return (virtual(generator, config) if is_image(config) else generator), discriminator


def parts(config: Config) -> dict[str, Any]:
    """The smoothed objective and the weights."""
    return {"objective": smoothed(config["smooth"]), "history": config["history"], "match": config["match"]}


OWN = {"smooth": 0.9, "kernels": 16, "references": 32, "history": 0.0, "match": 0.0}
ENTRY = Variant(
    "improved-gan",
    "GAN with minibatch discrimination, smoothed labels, virtual batch norm and more (Salimans et al. 2016)",
    {**SHARED, **OWN},
    networks,
    parts,
    presets({"epochs": 40, "batch_size": 16, "lr": 1e-3}),
    task=ImprovedTask,
).entry()
