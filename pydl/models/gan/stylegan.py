"""StyleGAN: Karras, Laine and Aila 2019 (arXiv:1812.04948), for square images of 8 to 64 pixels.

All sizes are trained from the start, not one after the other as in the paper; for each sample is decided apart
whether and where its styles are mixed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ... import nn, ops
from ...autograd import no_grad
from ...creation import arange, ones, zeros
from ...gan import NON_SATURATING
from ...gan.style import (
    SLOPE,
    Epilogue,
    EqualConv2d,
    EqualLinear,
    StyleNoise,
    blur,
    minibatch_deviation,
    pixel_norm,
)
from ...nn import functional as F
from ...tensor import Tensor
from .assemble import Config, Networks, Variant
from .convolutional import sides, square
from .networks import SHARED

CUTOFF = 8  # the layers, from the first, whose styles are truncated


class Mapping(nn.Module):
    """z (N, size) → w (N, size): pixel norm, then `depth` linear layers with LeakyReLU that learn 100 times slower."""

    def __init__(self, size: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([EqualLinear(size, size, lr_scale=0.01) for _ in range(depth)])

    def forward(self, z: Tensor) -> Tensor:
        w = pixel_norm(z)
        for layer in self.layers:
            w = F.leaky_relu(layer(w), SLOPE)
        return w


class Synthesis(nn.Module):
    """Styles (N, L, size) and noise (N, pixels) → images (N, channels, side, side): a constant, then two layers a size.

    The first layer of a size doubles the one before (nearest pixels, convolution, blur). `width` maps at the largest
    size, and twice as many at each smaller one.
    """

    def __init__(self, size: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.sides = sides("stylegan", side)
        maps = [width << n for n in reversed(range(len(self.sides)))]
        self.constant = nn.Parameter(ones(1, maps[0], self.sides[0], self.sides[0]))
        self.at = [s for s in self.sides for _ in range(2)]
        outputs = [count for count in maps for _ in range(2)]
        self.convolutions = nn.ModuleList([EqualConv2d(i, o, 3) for i, o in pairwise(outputs)])
        self.epilogues = nn.ModuleList([Epilogue(size, count) for count in outputs])
        self.image = EqualConv2d(width, channels, 1, gain=1.0, bias=True)

    def forward(self, styles: Tensor, noise: Tensor) -> Tensor:
        maps = noise.split([s * s for s in self.at], 1)
        x = self.constant.expand(styles.shape[0], *self.constant.shape[1:])
        for i, (side, epilogue) in enumerate(zip(self.at, self.epilogues, strict=True)):
            if i:
                doubled = side != self.at[i - 1]
                x = F.interpolate(x, scale_factor=2, mode="nearest") if doubled else x
                x = self.convolutions[i - 1](x)
                x = blur(x) if doubled else x
            x = epilogue(x, styles[:, i], maps[i].reshape(-1, 1, side, side))
        return self.image(x)


class StyleGenerator(nn.Module):
    """What `StyleNoise` gives → images (N, channels, side, side).

    In training the styles of a sample are mixed with probability `mixing`: the layers from a random one on take a
    second w (section 3.1), and `w_mean` follows the mean of w by 0.005 a batch. In evaluation the styles of the first
    8 layers are w_mean + truncation · (w - w_mean) (appendix B), and none are mixed.
    """

    def __init__(self, size: int, channels: int, side: int, config: Config) -> None:
        super().__init__()
        self.size, self.mixing, self.truncation = size, config["mixing"], config["truncation"]
        self.mapping = Mapping(size, config["depth"])
        self.synthesis = Synthesis(size, channels, side, config["width"])
        self.register_buffer("w_mean", zeros(size))

    def forward(self, latent: Tensor) -> Tensor:
        size, layers = self.size, len(self.synthesis.at)
        chance, noise = latent[:, 2 * size : 2 * size + 2], latent[:, 2 * size + 2 :]
        w = self.mapping(latent[:, :size])
        if self.training:
            self.follow(w)
            styles = self.mixed(w, self.mapping(latent[:, size : 2 * size]), chance, layers)
        else:
            styles = self.truncated(w, layers)
        return self.synthesis(styles, noise)

    def follow(self, w: Tensor) -> None:
        """w_mean ← 0.995 · w_mean + 0.005 · E w."""
        with no_grad():
            self.w_mean.copy_(self.w_mean * 0.995 + w.mean(0) * 0.005)

    def mixed(self, first: Tensor, second: Tensor, chance: Tensor, layers: int) -> Tensor:
        """(N, layers, size): `second` from a layer in 1 … layers - 1 on, where the first chance is below `mixing`."""
        begin = 1 + ops.floor(chance[:, 1:] * (layers - 1))
        turned = (arange(layers).reshape(1, -1).float() >= begin) & (chance[:, :1] < self.mixing)
        return ops.where(turned.unsqueeze(2), second.unsqueeze(1), first.unsqueeze(1))

    def truncated(self, w: Tensor, layers: int) -> Tensor:
        """(N, layers, size): the first 8 near the mean."""
        near = self.w_mean + (w - self.w_mean) * self.truncation
        return ops.stack([near if i < CUTOFF else w for i in range(layers)], 1)


class StyleDiscriminator(nn.Module):
    """Images (N, channels, side, side) → logits (N, 1).

    At each size a convolution, then blur, a convolution with twice the maps and the mean of 2×2 pixels; at the
    smallest the deviation within the minibatch, a convolution and two linear layers. LeakyReLU between all.
    """

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        found = sides("stylegan", side)
        self.image = EqualConv2d(channels, width, 1, bias=True)
        pairs = []
        for _ in found[1:]:
            pairs += [EqualConv2d(width, width, 3, bias=True), EqualConv2d(width, width * 2, 3, bias=True)]
            width *= 2
        self.convolutions = nn.ModuleList(pairs)
        self.last = EqualConv2d(width + 1, width, 3, bias=True)
        self.linear = EqualLinear(width * found[0] ** 2, width)
        self.logit = EqualLinear(width, 1, gain=1.0)

    def forward(self, images: Tensor) -> Tensor:
        x = F.leaky_relu(self.image(images), SLOPE)
        for i, convolution in enumerate(self.convolutions):
            x = F.avg_pool2d(convolution(blur(x)), 2) if i % 2 else convolution(x)
            x = F.leaky_relu(x, SLOPE)
        x = F.leaky_relu(self.last(minibatch_deviation(x)), SLOPE)
        return self.logit(F.leaky_relu(self.linear(x.flatten(1)), SLOPE))


def latent(config: Config) -> StyleNoise:
    """z twice, the chances of mixing, and a number for every pixel of every layer."""
    _, side = square("stylegan", config)
    return StyleNoise(config["noise"], config["noise_kind"], 2 * sum(s * s for s in sides("stylegan", side)))


def networks(config: Config) -> Networks:
    """Generator and discriminator for square images."""
    channels, side = square("stylegan", config)
    generator = StyleGenerator(config["noise"], channels, side, config)
    return generator, StyleDiscriminator(channels, side, config["width"])


def parts(config: Config) -> dict[str, Any]:
    """The non-saturating loss; R1 is the option r1."""
    return {"objective": NON_SATURATING}


OWN = {
    "lr": 1e-3,
    "beta1": 0.0,
    "beta2": 0.99,
    "r1": 10.0,
    "average": 0.999,
    "noise": 512,
    "noise_kind": "normal",
    "depth": 8,
    "mixing": 0.9,
    "truncation": 0.7,
}
SMALL = {
    "epochs": 100,
    "batch_size": 16,
    "lr": 5e-3,
    "lr_schedule": "late-linear",
    "r1": 3.0,
    "noise": 64,
    "width": 16,
    "average": 0.99,
    "truncation": 1.0,
}
LARGE = {"epochs": 10, "noise": 128, "width": 16}
ENTRY = Variant(
    "stylegan",
    "generator of styles: mapping network, AdaIN, noise, mixing, truncation, R1 (Karras et al. 2019)",
    {**{k: v for k, v in SHARED.items() if k not in ("norm", "hidden", "scale")}, "batch_size": 32, **OWN},
    networks,
    parts,
    {"digits": SMALL, "mnist": LARGE, "fashion-mnist": LARGE, "stacked-mnist": LARGE},
    latent=latent,
).entry()
