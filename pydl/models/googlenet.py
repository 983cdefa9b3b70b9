"""GoogLeNet: Szegedy et al. 2015, "Going Deeper with Convolutions" (arXiv:1409.4842), as torchvision has it.

Two things are torchvision's and not the paper's: batch normalisation after every convolution, which then has no bias
(Ioffe and Szegedy 2015), and a 3×3 convolution where the blocks of figure 2b have one of 5×5.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import nn, ops
from ..nn import init
from ..tensor import Tensor
from .images import fit_image


class GoogLeNetOutputs(NamedTuple):
    """The scores of a network in training: of its end, and of the heads behind inception 4d and 4a."""

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class BasicConv2d(nn.Module):
    """Convolution without bias, batch normalisation, ReLU: maps (N, in, H, W) → (N, out, H', W').

    `window` are `kernel_size`, `stride` and `padding` of `nn.Conv2d`. The paper has no batch normalisation.
    """

    def __init__(self, in_channels: int, out_channels: int, **window: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **window)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, input: Tensor) -> Tensor:
        return ops.relu(self.bn(self.conv(input)))


class Inception(nn.Module):
    """Figure 2b: 1×1, 1×1 → 3×3, 1×1 → 5×5, and pooling → 1×1 side by side, their maps joined.

    Maps (N, in_channels, H, W) → (N, ch1x1 + ch3x3 + ch5x5 + pool_proj, H, W). The numbers are those of a row of
    table 1. Where the paper has 5×5 (`branch3`) torchvision has 3×3, and so have its weights.
    """

    def __init__(
        self, in_channels: int, ch1x1: int, ch3x3red: int, ch3x3: int, ch5x5red: int, ch5x5: int, pool_proj: int
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            BasicConv2d(in_channels, ch3x3red, kernel_size=1), BasicConv2d(ch3x3red, ch3x3, kernel_size=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, ch5x5red, kernel_size=1), BasicConv2d(ch5x5red, ch5x5, kernel_size=3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, 1, ceil_mode=True), BasicConv2d(in_channels, pool_proj, kernel_size=1)
        )

    def forward(self, input: Tensor) -> Tensor:
        return ops.cat([self.branch1(input), self.branch2(input), self.branch3(input), self.branch4(input)], 1)


class InceptionAux(nn.Module):
    """A classifier on maps from the middle of the network, for training alone (section 5).

    Maps (N, in_channels, H, W) → scores (N, num_classes): a mean down to 4×4, a 1×1 convolution to 128 maps, and two
    linear layers, the first on their 128 · 4 · 4 = 2048 numbers.
    """

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.7) -> None:
        super().__init__()
        self.conv = BasicConv2d(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, input: Tensor) -> Tensor:
        x = self.conv(ops.adaptive_avg_pool2d(input, 4)).flatten(1)
        return self.fc2(self.dropout(ops.relu(self.fc1(x))))


class GoogLeNet(nn.Module):
    """Images (N, channels, H, W) → scores (N, num_classes), in training with those of two auxiliary heads.

    6,624,904 parameters for ImageNet without the heads. `small` is a form for images up to 32 pixels: the first
    convolution 3×3 with stride 1, and no pooling after it.
    """

    def __init__(
        self, num_classes: int = 1000, aux_logits: bool = True, init_weights: bool = True, dropout: float = 0.2,
        dropout_aux: float = 0.7, *, channels: int = 3, small: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.aux_logits, self.small = aux_logits, small
        stem = {"kernel_size": 3, "padding": 1} if small else {"kernel_size": 7, "stride": 2, "padding": 3}
        self.conv1 = BasicConv2d(channels, 64, **stem)
        self.maxpool1 = nn.Identity() if small else nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, kernel_size=1)
        self.conv3 = BasicConv2d(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, 2, ceil_mode=True)

        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)

        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.maxpool4 = nn.MaxPool2d(2, 2, ceil_mode=True)

        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)

        if aux_logits:
            self.aux1 = InceptionAux(512, num_classes, dropout_aux)
            self.aux2 = InceptionAux(528, num_classes, dropout_aux)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights:
            self.apply(_initialise)

    def forward(self, input: Tensor) -> Tensor | GoogLeNetOutputs:
        heads = self.training and self.aux_logits
        x = fit_image(input, function="GoogLeNet") if self.small else input
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        x = self.maxpool3(self.inception3b(self.inception3a(x)))
        x = self.inception4a(x)
        aux1: Any = self.aux1(x) if heads else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        aux2: Any = self.aux2(x) if heads else None
        x = self.maxpool4(self.inception4e(x))
        x = self.inception5b(self.inception5a(x))
        x = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        return GoogLeNetOutputs(x, aux2, aux1) if heads else x


def _initialise(module: nn.Module) -> None:
    """Weights N(0, 0.01²), cut off at ±2."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        init.trunc_normal_(module.weight, 0.0, 0.01)
