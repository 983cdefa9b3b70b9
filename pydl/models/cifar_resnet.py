"""The networks for CIFAR-10 of He et al. 2016 (arXiv:1512.03385), section 4.2, and their plain counterparts."""

from __future__ import annotations

from .. import nn, ops
from ..tensor import Tensor
from .resnet import conv3x3, initialise


class CifarBlock(nn.Module):
    """Two 3×3 convolutions with batch normalisation: relu(F(x) + x), or without a `shortcut` relu(F(x)).

    Where F halves the maps and doubles their number, the shortcut is "option A": every second pixel of x, and zeros
    as the new maps. It has no parameters, so that plain and residual networks have the same number.
    """

    def __init__(self, inplanes: int, planes: int, stride: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride, self.added, self.shortcut = stride, planes - inplanes, shortcut

    def forward(self, input: Tensor) -> Tensor:
        out = ops.relu(self.bn1(self.conv1(input)))
        out = self.bn2(self.conv2(out))
        return ops.relu(out + self._identity(input) if self.shortcut else out)

    def _identity(self, x: Tensor) -> Tensor:
        if self.stride != 1:
            x = x[:, :, :: self.stride, :: self.stride]
        return ops.pad(x, (0, 0, 0, 0, 0, self.added)) if self.added else x


class CifarResNet(nn.Module):
    """Images (N, channels, H, W) → scores (N, num_classes): 6n + 2 layers, `depth` 20, 32, 44, 56, 110 …

    One convolution, then n blocks each of `width` maps, of 2 · width at half the size, and of 4 · width at a quarter;
    the mean of each map; a linear layer. `shortcut=False` is the plain network. With width 16, 3 channels and 10
    classes: 269,722 parameters at depth 20 and 853,018 at 56 (the paper, rounding: 0.27 M and 0.85 M). ValueError for a
    depth that is not 6n + 2 with n >= 1.
    """

    def __init__(
        self, depth: int = 20, num_classes: int = 10, *, channels: int = 3, width: int = 16, shortcut: bool = True
    ) -> None:
        super().__init__()
        if type(depth) is not int or depth < 8 or (depth - 2) % 6:
            raise ValueError(f"[CifarResNet] expected depth as 6n + 2 (8, 14, 20, 32 …), got {depth!r}")
        n = (depth - 2) // 6
        self.conv1 = conv3x3(channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _stage(n, width, width, 1, shortcut)
        self.layer2 = _stage(n, width, 2 * width, 2, shortcut)
        self.layer3 = _stage(n, 2 * width, 4 * width, 2, shortcut)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * width, num_classes)
        initialise(self)

    def forward(self, input: Tensor) -> Tensor:
        x = ops.relu(self.bn1(self.conv1(input)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.avgpool(x).flatten(1))


def _stage(count: int, inplanes: int, planes: int, stride: int, shortcut: bool) -> nn.Sequential:
    rest = [CifarBlock(planes, planes, 1, shortcut) for _ in range(count - 1)]
    return nn.Sequential(CifarBlock(inplanes, planes, stride, shortcut), *rest)
