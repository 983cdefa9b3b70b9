"""SPADE (GauGAN): Park, Liu, Wang and Zhu 2019 (arXiv:1903.07291), for images of 8 to 64 pixels.

The label maps are made of the images: a bright pixel is of the image's class, any other background. One discriminator
instead of two sizes of it, no encoder, and no loss by a network trained on other images.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ... import nn
from ...gan import HINGE
from ...gan.spade import SPADE, SPADETask, from_maps
from ...nn import functional as F
from ...tensor import Tensor
from ..registry import Data, Entry
from .assemble import Config, Networks, Variant, first, labelled, normalised, plain_noise
from .convolutional import SLOPE, sides, square
from .networks import SHARED


class Block(nn.Module):
    """Residual block: twice SPADE, LeakyReLU and a 3×3 convolution, and where the maps change one on the shortcut."""

    def __init__(self, inputs: int, outputs: int, labels: int, hidden: int) -> None:
        super().__init__()
        between = min(inputs, outputs)
        self.norms = nn.ModuleList([SPADE(maps, labels, hidden) for maps in (inputs, between)])
        self.convolutions = nn.ModuleList([nn.Conv2d(inputs, between, 3, 1, 1), nn.Conv2d(between, outputs, 3, 1, 1)])
        self.changes = inputs != outputs
        if self.changes:
            self.norm_across = SPADE(inputs, labels, hidden)
            self.across = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, input: Tensor, labels: Tensor) -> Tensor:
        x = input
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.leaky_relu(norm(x, labels), SLOPE))
        return x + (self.across(self.norm_across(input, labels)) if self.changes else input)


class MapGenerator(nn.Module):
    """Rows of z and a flattened map → images: a linear layer of z, then a block at each size, twice as large each."""

    def __init__(self, size: int, shape: tuple[int, ...], labels: int, width: int, hidden: int) -> None:
        super().__init__()
        self.size, self.labels, self.shape = size, labels, shape
        found = sides("spade", shape[1])
        maps = [width << n for n in reversed(range(len(found)))]
        self.first, self.begin = nn.Linear(size, maps[0] * found[0] ** 2), (maps[0], found[0], found[0])
        pairs = zip([maps[0], *maps], maps, strict=False)
        self.blocks = nn.ModuleList([Block(i, o, labels, hidden) for i, o in pairs])
        self.last = nn.Conv2d(width, shape[0], 3, 1, 1)

    def forward(self, latent: Tensor) -> Tensor:
        count = latent.shape[0]
        labels = latent[:, self.size :].reshape(count, self.labels, *self.shape[1:])
        x = self.first(latent[:, : self.size]).reshape(count, *self.begin)
        for i, block in enumerate(self.blocks):
            x = block(F.interpolate(x, scale_factor=2, mode="nearest") if i else x, labels)
        return F.tanh(self.last(F.leaky_relu(x, SLOPE)))


class PatchDiscriminator(nn.Module):
    """Images with their maps as channels → what each layer makes of them; the last is a map of scores."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(SLOPE)),
                nn.Sequential(nn.Conv2d(width, width * 2, 3, 1, 1), nn.InstanceNorm2d(width * 2), nn.LeakyReLU(SLOPE)),
                nn.Conv2d(width * 2, 1, 3, 1, 1),
            ]
        )

    def forward(self, input: Tensor) -> list[Tensor]:
        found = [input]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return found[1:]


def networks(config: Config) -> Networks:
    """Both with spectral normalisation, unless `norm` is another."""
    square("spade", config)
    shape = tuple(config["shape"])
    labels, width = labelled(config) + 1, config["width"]
    generator = MapGenerator(config["noise"], shape, labels, width, config["map_width"])
    return normalised(generator, config), normalised(PatchDiscriminator(shape[0] + labels, width), config)


def parts(config: Config) -> dict[str, Any]:
    """The hinge loss, and the weight of the features."""
    return {"objective": HINGE, "classes": labelled(config), "match": config["match"]}


class MapVariant(Variant):
    """Samples are made of the maps of test images, which are kept with the state."""

    def entry(self) -> Entry:
        return replace(super().entry(), walk=None)

    def build(self, data: Data, config: Config) -> Any:
        task: Any = super().build(data, config)
        task.show(*first(data.test, 64))
        return task

    def sample(self, state: Config, config: Config, count: int, seed: int) -> np.ndarray:
        return from_maps(self.generator(state, config), state["fixed_noise"], plain_noise(config), count, seed, True)


OWN = {"lr": 4e-4, "lr_g": 1e-4, "beta1": 0.0, "beta2": 0.9, "match": 10.0, "map_width": 128, "norm": "spectral"}
LARGE = {"epochs": 10, "width": 16, "noise": 64, "map_width": 32}
ENTRY = MapVariant(
    "spade",
    "images from label maps by spatially-adaptive normalisation: GauGAN (Park et al. 2019)",
    {**{k: v for k, v in SHARED.items() if k not in ("hidden", "scale")}, "noise": 256, "noise_kind": "normal", **OWN},
    networks,
    parts,
    {
        "digits": {"epochs": 30, "batch_size": 16, "width": 16, "noise": 32, "map_width": 16, "lr": 2e-3, "lr_g": 1e-3},
        "mnist": LARGE,
        "fashion-mnist": LARGE,
    },
    task=SPADETask,
).entry()
