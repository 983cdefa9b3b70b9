"""The first GAN: two multilayer perceptrons (Goodfellow et al. 2014), on images or on points of the plane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ... import nn
from ...tensor import Tensor
from . import assemble


class MLPGenerator(nn.Module):
    """Noise (N, size) → samples (N, *shape): linear layers with batch norm and ReLU between them.

    Images end in tanh, in [-1, 1]; points of the plane are left as they are. Batch norm is there where `norm` is
    "batch", by default for images.
    """

    def __init__(self, size: int, shape: tuple[int, ...], hidden: list[int], norm: str = "") -> None:
        super().__init__()
        image = len(shape) == 3
        batch = (norm or ("batch" if image else "none")) == "batch"
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.BatchNorm1d(width) if batch else nn.Identity(), nn.ReLU()]
            size = width
        layers += [nn.Linear(size, math.prod(shape)), nn.Tanh() if image else nn.Identity()]
        self.layers, self.shape = nn.Sequential(*layers), tuple(shape)

    def forward(self, noise: Tensor) -> Tensor:
        return self.layers(noise).reshape(noise.shape[0], *self.shape)


class MLPDiscriminator(nn.Module):
    """Samples (N, *shape) → logits (N, outputs): linear layers with LeakyReLU of slope 0.2 between them."""

    def __init__(self, shape: tuple[int, ...], hidden: list[int], outputs: int = 1) -> None:
        super().__init__()
        size = math.prod(shape)
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.LeakyReLU(0.2)]
            size = width
        self.layers = nn.Sequential(*layers, nn.Linear(size, outputs))
        self.feature_count = size

    def forward(self, samples: Tensor) -> Tensor:
        return self.layers(samples.flatten(1))

    def features(self, samples: Tensor) -> Tensor:
        """What the last layer sees, (N, feature_count)."""
        return self.layers[:-1](samples.flatten(1))


def networks(config: Mapping[str, Any]) -> assemble.Networks:
    """Generator and discriminator for `config`; the discriminator has the generator's widths in reverse."""
    assemble.one_of("norm", config["norm"], ("none", "spectral"))
    shape, hidden = tuple(config["shape"]), list(config["hidden"])
    generator, discriminator = MLPGenerator(config["noise"], shape, hidden), MLPDiscriminator(shape, hidden[::-1])
    return generator, assemble.normalised(discriminator, config)


PLANE = {
    "epochs": 20,
    "batch_size": 256,
    "lr": 1e-3,
    "lr_schedule": "late-linear",
    "noise": 16,
    "noise_kind": "normal",
    "hidden": [128, 128],
}
ENTRY = assemble.Variant(
    "gan",
    "fully connected generator and discriminator, on images or points of the plane (Goodfellow et al. 2014)",
    {**assemble.DEFAULTS, "loss": "non-saturating", "norm": "none", "hidden": [128, 256]},
    networks,
    assemble.chosen_loss,
    dict.fromkeys(assemble.PLANES, PLANE),
).entry()
