"""The first GAN: two multilayer perceptrons (Goodfellow et al. 2014), on images or on points of the plane."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ... import nn
from ...gan import GANTask, point_map
from ...tensor import Tensor
from ..registry import Data, Entry
from . import assemble


class MLPGenerator(nn.Module):
    """Noise (N, size) → samples (N, *shape): linear layers with batch norm and ReLU between them.

    Images end in tanh, in [-1, 1]; points of the plane are left as they are, and their generator has no batch norm.
    """

    def __init__(self, size: int, shape: tuple[int, ...], hidden: list[int]) -> None:
        super().__init__()
        image = len(shape) == 3
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.BatchNorm1d(width) if image else nn.Identity(), nn.ReLU()]
            size = width
        layers += [nn.Linear(size, math.prod(shape)), nn.Tanh() if image else nn.Identity()]
        self.layers, self.shape = nn.Sequential(*layers), tuple(shape)

    def forward(self, noise: Tensor) -> Tensor:
        return self.layers(noise).reshape(noise.shape[0], *self.shape)


class MLPDiscriminator(nn.Module):
    """Samples (N, *shape) → logits (N, 1): linear layers with LeakyReLU of slope 0.2 between them."""

    def __init__(self, shape: tuple[int, ...], hidden: list[int]) -> None:
        super().__init__()
        size = math.prod(shape)
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(size, width), nn.LeakyReLU(0.2)]
            size = width
        self.layers = nn.Sequential(*layers, nn.Linear(size, 1))

    def forward(self, samples: Tensor) -> Tensor:
        return self.layers(samples.flatten(1))


def networks(config: Mapping[str, Any]) -> assemble.Networks:
    """Generator and discriminator for `config`; the discriminator has the generator's widths in reverse."""
    shape, hidden = tuple(config["shape"]), list(config["hidden"])
    return MLPGenerator(config["noise"], shape, hidden), MLPDiscriminator(shape, hidden[::-1])


def build(data: Data, config: Mapping[str, Any]) -> GANTask:
    """The task of the fully connected GAN."""
    parts: dict[str, Any] = {}
    if data.train.image_shape == (2,):
        low, high = data.train.data.min(0), data.train.data.max(0)
        margin = (high - low) * np.float32(0.1)
        parts = {"picture": partial(point_map, low=low - margin, high=high + margin), "grid_size": 2500}
    return assemble.build(networks, data, config, **parts)


_PLANE = {
    "epochs": 20,
    "batch_size": 256,
    "lr": 1e-3,
    "lr_schedule": "late-linear",
    "noise": 16,
    "noise_kind": "normal",
    "hidden": [128, 128],
}
ENTRY = Entry(
    "gan",
    "fully connected generator and discriminator, on images or points of the plane (Goodfellow et al. 2014)",
    {**assemble.DEFAULTS, "hidden": [128, 256]},
    build,
    dict.fromkeys(("ring", "grid", "swiss-roll", "moons", "xor"), _PLANE),
    partial(assemble.sample, networks),
    assemble.callbacks,
)
