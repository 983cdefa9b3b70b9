"""The networks of CycleGAN: the paper's with fewer layers, one size halved, zeros outside of the image."""

from __future__ import annotations

from .... import nn
from ....tensor import Tensor
from ..assemble import Config, Networks, is_image
from ..convolutional import SLOPE, at_full_size, init_weights
from ..networks import Both


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


def patch_discriminator(channels: int, width: int) -> nn.Module:
    """Images → a map of scores, each of which sees a patch (section 4)."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(SLOPE),
        nn.Conv2d(width, width * 2, 3, 1, 1, bias=False), nn.InstanceNorm2d(width * 2), nn.LeakyReLU(SLOPE),
        nn.Conv2d(width * 2, 1, 3, 1, 1),
    )  # fmt: skip


class Translators(Both):
    """G: A → B and F: B → A."""

    @property
    def G(self) -> nn.Module:
        return self.first

    @property
    def F(self) -> nn.Module:
        return self.second


class Discriminators(Both):
    """D_A and D_B, one for each domain."""

    @property
    def D_A(self) -> nn.Module:
        return self.first

    @property
    def D_B(self) -> nn.Module:
        return self.second


def networks(config: Config) -> Networks:
    """G and F, D_A and D_B."""
    shape, width = tuple(config["shape"]), config["width"]
    if not is_image(config) or shape[1] % 2 or shape[2] % 2:
        raise ValueError(f"[cyclegan] expected images (C, H, W) of even sides, got samples of shape {shape}")
    generators = Translators(*(translator(shape[0], width, config["blocks"], shape[1]) for _ in range(2)))
    discriminators = Discriminators(*(patch_discriminator(shape[0], width) for _ in range(2)))
    return generators.apply(init_weights), discriminators.apply(init_weights)
