"""AlexNet: Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks"."""

from __future__ import annotations

from .. import nn
from ..nn import init
from ..tensor import Tensor
from .images import fit_image, initialise_small


class AlexNet(nn.Module):
    """Images (N, channels, H, W) → scores (N, num_classes); torchvision's network, in names and numbers.

    That is the single column of Krizhevsky 2014 (arXiv:1404.5997): 61,100,840 parameters for ImageNet. `small` is a
    form for images up to 32 pixels: the first convolution 5×5 with stride 1, 512 hidden units for 4096, and weights
    that begin as in He et al. 2015, with which few steps get further.
    """

    def __init__(
        self, num_classes: int = 1000, dropout: float = 0.5, *, channels: int = 3, small: bool = False
    ) -> None:
        super().__init__()
        self.small = small
        size, hidden = (3, 512) if small else (6, 4096)
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 5, padding=2) if small else nn.Conv2d(channels, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(size)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * size * size, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, num_classes),
        )
        if small:
            initialise_small(self)

    def forward(self, input: Tensor) -> Tensor:
        x = fit_image(input, function="AlexNet") if self.small else input
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


class AlexNet2012(nn.Module):
    """The network of the paper's figure 2, for images (N, 3, 227, 227): 60,965,224 parameters.

    Local response normalisation follows the first two convolutions (section 3.3); the groups of the second, fourth
    and fifth are the two GPUs (3.5). Weights begin as N(0, 0.01²), the biases of those three and of the hidden linear
    layers as 1 (section 5). The paper says 224 pixels, but only 227 give the 55×55 maps that it describes.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, stride=4),
            nn.ReLU(),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),  # the paper's alpha, 1e-4, is not divided by 5
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(),
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, num_classes),
        )
        self._initialise()

    def _initialise(self) -> None:
        layers = [layer for layer in self.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
        for i, layer in enumerate(layers):
            init.normal_(layer.weight, 0.0, 0.01)
            init.constant_(layer.bias, 1.0 if i in (1, 3, 4, 5, 6) else 0.0)

    def forward(self, input: Tensor) -> Tensor:
        return self.classifier(self.features(input).flatten(1))
