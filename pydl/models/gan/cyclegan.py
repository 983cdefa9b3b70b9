"""CycleGAN: Zhu, Park, Isola and Efros 2017 (arXiv:1703.10593), between images and what is made of others here.

The networks are the paper's with fewer layers: one size halved, zeros outside of the image.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ... import nn, ops
from ...creation import tensor
from ...gan import LEAST_SQUARES, Noise
from ...gan.cycle import CycleTask, TranslationDoctor, translated
from ...nn import functional as F
from ...tensor import Tensor
from ..registry import Data, Entry
from . import assemble
from .assemble import Config, Networks, Variant, first, is_image
from .convolutional import SLOPE, at_full_size, init_weights
from .networks import LARGER, Both


def inverted(images: Tensor) -> Tensor:
    """1 - x."""
    return 1.0 - images


def edges(images: Tensor) -> Tensor:
    """The size of the slope of every channel, by Sobel's filters, at most 1."""
    count, maps, height, width = images.shape
    sobel = tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]], dtype=images.dtype) / 4
    filters = ops.stack([sobel, sobel.T], 0).unsqueeze(1)
    slopes = F.conv2d(images.reshape(count * maps, 1, height, width), filters, padding=1)
    return ops.clamp(slopes.square().sum(1).sqrt(), 0.0, 1.0).reshape(*images.shape)


DOMAINS = {"inverted": inverted, "edges": edges}


class Residual(nn.Module):
    """x + f(x): two 3×3 convolutions with instance norm, ReLU between them."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        first, second = (nn.Conv2d(maps, maps, 3, 1, 1, bias=False) for _ in range(2))
        self.layers = nn.Sequential(first, nn.InstanceNorm2d(maps), nn.ReLU(), second, nn.InstanceNorm2d(maps))

    def forward(self, input: Tensor) -> Tensor:
        return input + self.layers(input)


def translator(channels: int, width: int, blocks: int, side: int) -> nn.Module:
    """Images → images in [-1, 1]: half the size, `blocks` residual blocks, the size again, tanh.

    Below 16 pixels the size is kept: what sees the whole image at once is free to make another one of it.
    """
    full = at_full_size(side)
    down = nn.Conv2d(width, width * 2, 3, 1 if full else 2, 1, bias=False)
    up: nn.Module = nn.ConvTranspose2d(width * 2, width, 4, 2, 1, bias=False)
    if full:
        up = nn.Conv2d(width * 2, width, 3, 1, 1, bias=False)
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.InstanceNorm2d(width), nn.ReLU(),
        down, nn.InstanceNorm2d(width * 2), nn.ReLU(),
        *[Residual(width * 2) for _ in range(blocks)],
        up, nn.InstanceNorm2d(width), nn.ReLU(),
        nn.Conv2d(width, channels, 3, 1, 1), nn.Tanh(),
    )  # fmt: skip


def judge(channels: int, width: int) -> nn.Module:
    """Images → a map of scores, each of which sees a patch (section 4)."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(SLOPE),
        nn.Conv2d(width, width * 2, 3, 1, 1, bias=False), nn.InstanceNorm2d(width * 2), nn.LeakyReLU(SLOPE),
        nn.Conv2d(width * 2, 1, 3, 1, 1),
    )  # fmt: skip


def networks(config: Config) -> Networks:
    """Two translators and two judges."""
    shape, width = tuple(config["shape"]), config["width"]
    if not is_image(config) or shape[1] % 2 or shape[2] % 2:
        raise ValueError(f"[cyclegan] expected images (C, H, W) of even sides, got samples of shape {shape}")
    generators = Both(*(translator(shape[0], width, config["blocks"], shape[1]) for _ in range(2)))
    judges = Both(*(judge(shape[0], width) for _ in range(2)))
    return generators.apply(init_weights), judges.apply(init_weights)


def parts(config: Config) -> dict[str, Any]:
    """The other domain, and the weights of the losses."""
    other = DOMAINS[config["domain"]]
    return {"objective": LEAST_SQUARES, "other": other, **{key: config[key] for key in ("cycle", "identity", "pool")}}


def doctor(data: Data, config: Config) -> list[Any]:
    """The doctor of translators."""
    return [TranslationDoctor(data.train, DOMAINS[config["domain"]], seed=config["seed"])]


class CycleVariant(Variant):
    """Samples are test images translated; those for the pictures are kept with the state."""

    def entry(self) -> Entry:
        return replace(super().entry(), callbacks=doctor, walk=None)

    def build(self, data: Data, config: Config) -> Any:
        task: Any = super().build(data, config)
        task.show(first(data.test, 256)[0])
        return task

    def sample(self, state: Config, config: Config, count: int, seed: int) -> np.ndarray:
        generators: Any = self.generator(state, config)
        return translated(generators.first, state["fixed_noise"], count, seed, True)


UNUSED = ("noise", "noise_kind", "norm", "r1")
# Batches of 2: one image of each domain, as in the paper; half of the 200 epochs at the full rate.
OWN = {
    "epochs": 200,
    "batch_size": 2,
    "lr_schedule": "late-linear",
    "domain": "edges",
    "cycle": 10.0,
    "identity": 0.5,
    "pool": 50,
}
ENTRY = CycleVariant(
    "cyclegan",
    "two domains of images translated into each other without pairs (Zhu et al. 2017)",
    {**{k: v for k, v in assemble.DEFAULTS.items() if k not in UNUSED}, "width": 32, "blocks": 3, **OWN},
    networks,
    parts,
    {
        "digits": {"epochs": 30, "batch_size": 16, "width": 16, "blocks": 1, "lr": 1e-3, "identity": 0.0},
        **{name: {"epochs": 10, "batch_size": 64} for name in (*LARGER, "cifar10")},
    },
    task=CycleTask,
    capture=False,  # its pools choose by numbers that Python reads
    latent=lambda config: Noise(1),
).entry()
