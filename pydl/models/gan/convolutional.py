"""Convolutional networks for square images of 8 to 64 pixels: those of DCGAN, and what others take of them.

(Radford, Metz and Chintala 2016, arXiv:1511.06434.)
"""

from __future__ import annotations

from ... import nn
from ...tensor import Tensor
from .assemble import Config, is_image

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


def sides(model: str, side: int) -> list[int]:
    """The sizes of the maps, from 4 (or up to 7) pixels to `side`, each twice that before: 8 is 4 · 2, 28 is 7 · 4."""
    found = [side]
    while found[0] % 2 == 0 and found[0] >= 8:
        found.insert(0, found[0] // 2)
    if not 8 <= side <= 64 or len(found) < 2 or found[0] > 7:
        raise ValueError(f"[{model}] expected images of 8, 12, 16, 20, 24, 28, 32, …, 64 pixels, got {side}")
    return found


def square(model: str, config: Config) -> tuple[int, int]:
    """Channels and side of the images; ValueError for other samples."""
    shape = tuple(config["shape"])
    if not is_image(config) or shape[1] != shape[2]:
        raise ValueError(f"[{model}] expected square images (C, H, H), got samples of shape {shape}")
    return shape[0], shape[1]


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
