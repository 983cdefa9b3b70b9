"""ResNet: He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition" (arXiv:1512.03385)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import nn, ops
from ..nn import init
from ..tensor import Tensor


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """3×3 with padding 1 and no bias."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """1×1 without bias."""
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


class BasicBlock(nn.Module):
    """relu(F(x) + x), F two 3×3 convolutions with batch normalisation: figure 5, left.

    `downsample` is what x goes through where F changes its shape.
    """

    expansion = 1

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, input: Tensor) -> Tensor:
        out = ops.relu(self.bn1(self.conv1(input)))
        out = self.bn2(self.conv2(out))
        identity = input if self.downsample is None else self.downsample(input)
        return ops.relu(out + identity)


class Bottleneck(nn.Module):
    """relu(F(x) + x), F a 3×3 convolution between two of 1×1 that narrow and widen the maps: figure 5, right.

    The stride is that of the 3×3 convolution, as in torchvision; the paper's is that of the first.
    """

    expansion = 4

    def __init__(self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None) -> None:
        super().__init__()
        self.conv1 = conv1x1(inplanes, planes)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv3x3(planes, planes, stride)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = conv1x1(planes, planes * self.expansion)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.downsample = downsample

    def forward(self, input: Tensor) -> Tensor:
        out = ops.relu(self.bn1(self.conv1(input)))
        out = ops.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        identity = input if self.downsample is None else self.downsample(input)
        return ops.relu(out + identity)


Block = type[BasicBlock] | type[Bottleneck]


class ResNet(nn.Module):
    """Images (N, channels, H, W) → scores (N, num_classes); table 1, with torchvision's names and numbers.

    `layers` are the blocks of the four stages. With `zero_init_residual` every block begins as the identity. `small`
    is a form for small images: the first convolution 3×3 with stride 1, and no pooling after it.
    """

    def __init__(
        self, block: Block, layers: Sequence[int], num_classes: int = 1000, zero_init_residual: bool = False,
        *, channels: int = 3, small: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv1 = conv3x3(channels, 64) if small else nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        wide = block.expansion
        self.layer1 = stage(block, 64, 64, layers[0])
        self.layer2 = stage(block, 64 * wide, 128, layers[1], 2)
        self.layer3 = stage(block, 128 * wide, 256, layers[2], 2)
        self.layer4 = stage(block, 256 * wide, 512, layers[3], 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * wide, num_classes)
        initialise(self, zero_init_residual)

    def forward(self, input: Tensor) -> Tensor:
        x = self.maxpool(ops.relu(self.bn1(self.conv1(input))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def stage(block: Block, inplanes: int, planes: int, count: int, stride: int = 1) -> nn.Sequential:
    """`count` blocks; the first may halve the maps' size, and its shortcut is a projection where the shape changes."""
    outplanes = planes * block.expansion
    downsample = None
    if stride != 1 or inplanes != outplanes:
        downsample = nn.Sequential(conv1x1(inplanes, outplanes, stride), nn.BatchNorm2d(outplanes))
    rest = [block(outplanes, planes) for _ in range(count - 1)]
    return nn.Sequential(block(inplanes, planes, stride, downsample), *rest)


def initialise(network: nn.Module, zero_init_residual: bool = False) -> None:
    """Convolutions as in He et al. 2015; the last scale of every block 0 where asked for (Goyal et al. 2017)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif zero_init_residual and isinstance(module, BasicBlock):
            init.zeros_(module.bn2.weight)
        elif zero_init_residual and isinstance(module, Bottleneck):
            init.zeros_(module.bn3.weight)


def resnet18(**options: Any) -> ResNet:
    """11,689,512 parameters for ImageNet. Options: those of `ResNet`."""
    return ResNet(BasicBlock, (2, 2, 2, 2), **options)


def resnet34(**options: Any) -> ResNet:
    """21,797,672 parameters."""
    return ResNet(BasicBlock, (3, 4, 6, 3), **options)


def resnet50(**options: Any) -> ResNet:
    """25,557,032 parameters."""
    return ResNet(Bottleneck, (3, 4, 6, 3), **options)


def resnet101(**options: Any) -> ResNet:
    """44,549,160 parameters."""
    return ResNet(Bottleneck, (3, 4, 23, 3), **options)


def resnet152(**options: Any) -> ResNet:
    """60,192,808 parameters."""
    return ResNet(Bottleneck, (3, 8, 36, 3), **options)
