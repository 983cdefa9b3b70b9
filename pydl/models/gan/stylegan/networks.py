"""Generator and discriminator of StyleGAN."""

from __future__ import annotations

from itertools import pairwise

from .... import nn, ops
from ....autograd import no_grad
from ....creation import arange, ones, zeros
from ....nn import functional as F
from ....tensor import Tensor
from ..assemble import Config
from ..convolutional import SLOPE, sides
from .layers import Epilogue, EqualConv2d, EqualLinear, blur, minibatch_deviation, pixel_norm

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
