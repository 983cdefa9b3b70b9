"""Multilayer perceptrons, for points of the plane and for images."""

from __future__ import annotations

import math

from ... import nn
from ...tensor import Tensor


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
