"""The networks of the training steps, written once: `nn` and `F` are PyTorch's or pydl's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any


def mlp(nn: Any, *sizes: int) -> Any:
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def lenet(nn: Any, F: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def vgg11(nn: Any, F: Any) -> Any:
    """VGG-11 with batch normalisation, as far as 32×32 images go: eight convolutions, four poolings."""
    layers: list[Any] = []
    channels = 3
    for widths in ((64, 64), (128, 128), (256, 256), (512, 512)):
        for width in widths:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512 * 4, 10))


def resnet18(nn: Any, F: Any) -> Any:
    """ResNet-18 for 32×32 images: a 3×3 stem and no pooling before the blocks."""

    class Block(nn.Module):
        def __init__(self, channels: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.short = nn.Sequential()
            if stride != 1 or channels != width:
                self.short = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

        def forward(self, x: Any) -> Any:
            y = F.relu(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(y)) + self.short(x))

    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    channels = 64
    for width, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        layers.append(Block(channels, width, stride))
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def convnet(width: int, nn: Any, F: Any) -> Any:
    """Four 3×3 convolutions with batch normalisation, the image halved after the second: any width, any size."""
    layers: list[Any] = []
    for channels, halved in ((3, False), (width, True), (width, False), (width, False)):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if halved else []
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def dcgan_generator(nn: Any, F: Any) -> Any:
    layers: list[Any] = []
    for channels, width, stride, padding in ((100, 512, 1, 0), (512, 256, 2, 1), (256, 128, 2, 1), (128, 64, 2, 1)):
        layers += [
            nn.ConvTranspose2d(channels, width, 4, stride, padding, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())


def dcgan_discriminator(nn: Any, F: Any) -> Any:
    layers = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for channels in (64, 128, 256):
        layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(2 * channels), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Flatten())


CLASSIFIERS = {
    "xor": lambda nn, F: mlp(nn, 2, 8, 2),
    "mlp": lambda nn, F: mlp(nn, 784, 512, 512, 10),
    "lenet": lenet,
    "vgg11": vgg11,
    "resnet18": resnet18,
}
GANS = {  # generator, discriminator
    "gan2d": (lambda nn, F: mlp(nn, 2, 128, 128, 2), lambda nn, F: mlp(nn, 2, 128, 128, 1)),
    "dcgan": (dcgan_generator, dcgan_discriminator),
}
