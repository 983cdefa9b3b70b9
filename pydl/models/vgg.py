"""VGG: Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition"."""

from __future__ import annotations

from typing import Any

from .. import nn
from ..nn import init
from ..tensor import Tensor
from .images import fit_image, initialise_small

# Table 1, columns A, B, D and E: the maps of each 3×3 convolution; a 2×2 max pooling ends every row.
BLOCKS = {
    11: ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    13: ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),
    16: ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
    19: ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512, 512, 512)),
}


def make_layers(depth: int, batch_norm: bool = False, channels: int = 3) -> nn.Sequential:
    """The convolutions of VGG-`depth`, each with ReLU, with batch normalisation before it where asked for."""
    if depth not in BLOCKS:
        raise ValueError(f"[VGG] expected depth 11, 13, 16 or 19, got {depth!r}")
    layers: list[nn.Module] = []
    for block in BLOCKS[depth]:
        for maps in block:
            layers.append(nn.Conv2d(channels, maps, 3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(maps))
            layers.append(nn.ReLU())
            channels = maps
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class VGG(nn.Module):
    """Images (N, C, H, W) of at least 32 pixels → scores (N, num_classes); torchvision's network, in names and numbers.

    `features` are `make_layers`. `small` is a form for images up to 32 pixels, of which one position remains after
    the five poolings: 512 hidden units for 4096, on 512 features for 25,088, and linear layers that
    begin as in He et al. 2015.
    """

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5,
        *, small: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.small = small
        size, hidden = (1, 512) if small else (7, 4096)
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d(size)
        self.classifier = nn.Sequential(
            nn.Linear(512 * size * size, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )
        if init_weights and small:
            initialise_small(self)
        elif init_weights:
            self.apply(_initialise)

    def forward(self, input: Tensor) -> Tensor:
        x = fit_image(input, function="VGG") if self.small else input
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _initialise(module: nn.Module) -> None:
    """He et al. 2015 for convolutions, N(0, 0.01²) for linear layers, biases 0."""
    if isinstance(module, nn.Conv2d):
        init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        init.normal_(module.weight, 0.0, 0.01)
    else:
        return
    init.zeros_(module.bias)


def _vgg(depth: int, batch_norm: bool, channels: int = 3, **options: Any) -> VGG:
    return VGG(make_layers(depth, batch_norm, channels), **options)


def vgg11(**options: Any) -> VGG:
    """Column A: 132,863,336 parameters for ImageNet. Options: `channels`, and those of `VGG`."""
    return _vgg(11, False, **options)


def vgg11_bn(**options: Any) -> VGG:
    """Column A with batch normalisation."""
    return _vgg(11, True, **options)


def vgg13(**options: Any) -> VGG:
    """Column B: 133,047,848 parameters."""
    return _vgg(13, False, **options)


def vgg13_bn(**options: Any) -> VGG:
    """Column B with batch normalisation."""
    return _vgg(13, True, **options)


def vgg16(**options: Any) -> VGG:
    """Column D: 138,357,544 parameters."""
    return _vgg(16, False, **options)


def vgg16_bn(**options: Any) -> VGG:
    """Column D with batch normalisation."""
    return _vgg(16, True, **options)


def vgg19(**options: Any) -> VGG:
    """Column E: 143,667,240 parameters."""
    return _vgg(19, False, **options)


def vgg19_bn(**options: Any) -> VGG:
    """Column E with batch normalisation."""
    return _vgg(19, True, **options)
