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

    Images end in tanh, in [-1, 1]; points of the plane are multiplied by `scale`. Batch norm is there where `norm` is
    "batch", by default for images.
    """

    def __init__(
        self, size: int, shape: tuple[int, ...], hidden: list[int], norm: str = "", scale: float = 1.0
    ) -> None:
        super().__init__()
        image = len(shape) == 3
        batch = (norm or ("batch" if image else "none")) == "batch"
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.BatchNorm1d(width) if batch else nn.Identity(), nn.ReLU()]
            size = width
        layers += [nn.Linear(size, math.prod(shape)), nn.Tanh() if image else nn.Identity()]
        self.layers, self.shape, self.scale = nn.Sequential(*layers), tuple(shape), positive(scale)

    def forward(self, noise: Tensor) -> Tensor:
        made = self.layers(noise)
        return (made if self.scale == 1 else made * self.scale).reshape(noise.shape[0], *self.shape)


class MLPDiscriminator(nn.Module):
    """Samples (N, *shape), divided by `scale` → logits (N, outputs): linear layers, LeakyReLU of slope 0.2 between."""

    def __init__(self, shape: tuple[int, ...], hidden: list[int], outputs: int = 1, scale: float = 1.0) -> None:
        super().__init__()
        size = math.prod(shape)
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.LeakyReLU(0.2)]
            size = width
        self.layers = nn.Sequential(*layers, nn.Linear(size, outputs))
        self.feature_count, self.scale = size, positive(scale)

    def forward(self, samples: Tensor) -> Tensor:
        return self.layers(self._scaled(samples))

    def features(self, samples: Tensor) -> Tensor:
        """What the last layer sees, (N, feature_count)."""
        return self.layers[:-1](self._scaled(samples))

    def _scaled(self, samples: Tensor) -> Tensor:
        return samples.flatten(1) if self.scale == 1 else samples.flatten(1) / self.scale


def positive(scale: float) -> float:
    """`scale`, if it is more than 0; else a ValueError."""
    if not scale > 0:
        raise ValueError(f"[gan] expected scale > 0, got {scale}")
    return scale


def init_points(module: nn.Module) -> None:
    """N(0, 2 / fan_in) for the weights of linear layers (He et al. 2015); their biases stay as they are.

    A generator's first points are then as far apart as its noise: one that begins near a single point has modes to
    find, and loses some. The biases put the discriminator's first bends among the data.
    """
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight)


def networks(config: Mapping[str, Any]) -> assemble.Networks:
    """Generator and discriminator for `config`; the discriminator has the generator's widths in reverse."""
    shape, hidden = tuple(config["shape"]), list(config["hidden"])
    generator = MLPGenerator(config["noise"], shape, hidden, scale=config["scale"])
    discriminator = MLPDiscriminator(shape, hidden[::-1], scale=config["scale"])
    if not assemble.is_image(config):
        generator, discriminator = generator.apply(init_points), discriminator.apply(init_points)
    return generator, assemble.normalised(discriminator, config)


DIGITS = {"epochs": 200, "batch_size": 32, "lr": 1e-3, "lr_schedule": "late-linear", "average": 0.995}
PLANE = {
    "epochs": 30,
    "batch_size": 256,
    "lr": 1e-3,
    "lr_schedule": "late-linear",
    "noise": 2,
    "noise_kind": "normal",
    "hidden": [128, 128, 128],
}
SCALES = {"grid": {"scale": 2.828}}  # as in the authors' code of WGAN-GP (arXiv:1704.00028)


def planes(preset: Mapping[str, Any]) -> dict[str, Any]:
    """`preset` for all data sets of the plane, with the scale of each."""
    return {name: {**preset, **SCALES.get(name, {})} for name in assemble.PLANES}


ENTRY = assemble.Variant(
    "gan",
    "fully connected generator and discriminator, on images or points of the plane (Goodfellow et al. 2014)",
    {**assemble.DEFAULTS, "loss": "non-saturating", "norm": "none", "hidden": [128, 256], "scale": 1.0},
    networks,
    assemble.chosen_loss,
    {"digits": DIGITS, **planes(PLANE)},
).entry()
