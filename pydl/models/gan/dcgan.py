"""DCGAN: Radford, Metz and Chintala 2016 (arXiv:1511.06434), for square images of 8 to 64 pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import nn
from ...tensor import Tensor
from . import assemble

SLOPE = 0.2


def levels(side: int) -> tuple[int, int]:
    """(base, n) with side = base · 2ⁿ: the smallest feature maps, and how often their size doubles.

    n is as large as leaves at least 2 (below 16 pixels) or 4 pixels: 8 = 2·2², 28 = 7·2², 32 = 4·2³, 64 = 4·2⁴.
    ValueError for sides that have no such form or lie outside 8 … 64.
    """
    base, n = side, 0
    least = 2 if side < 16 else 4
    while base % 2 == 0 and base // 2 >= least:
        base, n = base // 2, n + 1
    if not 8 <= side <= 64 or n < 2 or base > 7:
        raise ValueError(f"[dcgan] expected images of 8, 12, 16, 20, 24, 28, 32, 40, 48, 56 or 64 pixels, got {side}")
    return base, n


def at_full_size(side: int) -> bool:
    """Whether the networks have a 3×3 convolution at the image's own size: below 16 pixels.

    There two strided convolutions, which are all that fit, see too little of the pixels.
    """
    return side < 16


class DCGenerator(nn.Module):
    """Noise (N, size) → images (N, channels, side, side) in [-1, 1].

    A projection to base × base maps, then transposed convolutions (4×4, stride 2) that halve the channels, down to
    `width`; the last gives the image, or below 16 pixels a 3×3 convolution after it. Batch normalisation (unless
    `norm` is "none") and ReLU follow each layer but the last, which ends in tanh (unless `bounded` is False).
    """

    def __init__(
        self, size: int, channels: int, side: int, width: int, norm: str = "batch", bounded: bool = True
    ) -> None:
        super().__init__()
        base, n = levels(side)
        full = at_full_size(side)
        doublings = n if full else n - 1
        maps, plain = width << doublings, norm == "none"
        layers: list[nn.Module] = [nn.ConvTranspose2d(size, maps, base, bias=plain), *normed(maps, norm), nn.ReLU()]
        for _ in range(doublings):
            layers.append(nn.ConvTranspose2d(maps, maps // 2, 4, 2, 1, bias=plain))
            maps //= 2
            layers += [*normed(maps, norm), nn.ReLU()]
        last = nn.Conv2d(width, channels, 3, 1, 1) if full else nn.ConvTranspose2d(width, channels, 4, 2, 1)
        self.layers = nn.Sequential(*layers, last, nn.Tanh() if bounded else nn.Identity())

    def forward(self, noise: Tensor) -> Tensor:
        return self.layers(noise.reshape(noise.shape[0], -1, 1, 1))


class DCDiscriminator(nn.Module):
    """Images (N, channels, side, side) → logits (N, outputs).

    Strided convolutions (4×4, stride 2) that double the channels from `width` (below 16 pixels after a 3×3
    convolution), and one over all that remains. LeakyReLU of slope 0.2 follows each layer but the last, batch
    normalisation (unless `norm` is "none") comes before it in all but the first.
    """

    def __init__(self, channels: int, side: int, width: int, norm: str = "batch", outputs: int = 1) -> None:
        super().__init__()
        base, n = levels(side)
        full = at_full_size(side)
        first = nn.Conv2d(channels, width, 3, 1, 1) if full else nn.Conv2d(channels, width, 4, 2, 1)
        layers: list[nn.Module] = [first, nn.LeakyReLU(SLOPE)]
        for _ in range(n if full else n - 1):
            layers += [nn.Conv2d(width, width * 2, 4, 2, 1, bias=norm == "none"), *normed(width * 2, norm)]
            layers.append(nn.LeakyReLU(SLOPE))
            width *= 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, outputs, base))
        self.feature_count = width * base * base

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).flatten(1)

    def features(self, images: Tensor) -> Tensor:
        """What the last layer sees: feature_count numbers for each image, as maps."""
        return self.layers[:-1](images)


def normed(maps: int, norm: str) -> list[nn.Module]:
    """Batch normalisation where it is asked for."""
    return [nn.BatchNorm2d(maps)] if norm == "batch" else []


def init_weights(module: nn.Module) -> None:
    """N(0, 0.02²) for the weights of convolutions, N(1, 0.02²) for the scales of batch norm, 0 for biases."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def networks(config: Mapping[str, Any]) -> assemble.Networks:
    """Generator and discriminator for images of `config["shape"]`, (channels, side, side), initialised."""
    shape = tuple(config["shape"])
    if len(shape) != 3 or shape[1] != shape[2]:
        raise ValueError(f"[dcgan] expected square images (C, H, H), got samples of shape {shape}")
    channels, side, width = shape[0], shape[1], config["width"]
    generator = DCGenerator(config["noise"], channels, side, width).apply(init_weights)
    discriminator = DCDiscriminator(channels, side, width, assemble.layer_norm(config)).apply(init_weights)
    return generator, assemble.normalised(discriminator, config)


ENTRY = assemble.Variant(
    "dcgan",
    "convolutional GAN for images of 8 to 64 pixels (Radford et al. 2016)",
    {**assemble.DEFAULTS, "loss": "non-saturating", "epochs": 25, "batch_size": 128, "width": 64},
    networks,
    assemble.chosen_loss,
    {
        "digits": {"epochs": 40, "batch_size": 16, "lr": 2e-3, "noise": 64, "width": 16, "average": 0.995},
        "mnist": {"epochs": 10, "width": 32},
        "fashion-mnist": {"epochs": 10, "width": 32},
        "stacked-mnist": {"epochs": 10, "width": 32},
    },
).entry()
