"""The convolutional networks of the registry, with the defaults of their papers adapted to small images."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ... import nn
from .. import resnet as imagenet
from .. import vgg
from ..alexnet import AlexNet
from ..cifar_resnet import CifarResNet
from ..cnn import CNN
from ..googlenet import GoogLeNet
from ..lenet import LeNet
from ..lenet5 import LeNet5
from .entry import Entry
from .image_task import BRIEF, DEFAULTS, PRESETS, RESIDUAL, Network, build, check_images, prepare

Config = Mapping[str, Any]
DEPTHS = (20, 32, 44, 56, 110)


# With the rate, momentum, weight decay and dropout that their entries have. The papers divide the rate by ten where the
# error stops falling, the one for CIFAR after half and three quarters of its steps.
ALEXNET = {"epochs": 90, "batch_size": 128, "augment": "crop-flip"}
VGG = {"epochs": 74, "batch_size": 256, "augment": "crop-flip"}
RESNET = {"epochs": 120, "batch_size": 256, "augment": "crop-flip"}
CIFAR = {"epochs": 164, "batch_size": 128, "augment": "crop-flip"}


def _entry(
    name: str,
    description: str,
    network: Network,
    presets: Config = PRESETS,
    paper: Config | None = None,
    **defaults: Any,
) -> Entry:
    """An entry whose options are `DEFAULTS` but for `defaults`, for single data sets those of `presets`.

    With a `paper` these can be left out for its own.
    """
    own = {**DEFAULTS, **defaults}
    if paper:
        own = {"data": own["data"], "preset": "data", **own}
    return Entry(name, description, own, partial(build, network), presets, prepare=prepare, paper=paper or {})


def _lenet(name: str, network: type[LeNet | LeNet5], config: Config) -> nn.Module:
    check_images(name, config, least=None)
    return network(config["classes"], channels=config["shape"][0])


def _cnn(config: Config) -> nn.Module:
    check_images("cnn", config)
    channels, *size = config["shape"]
    return CNN(tuple(size), config["classes"], channels=channels, width=config["width"], dropout=config["dropout"])


def _alexnet(config: Config) -> nn.Module:
    small = check_images("alexnet", config, least=63)
    return AlexNet(config["classes"], config["dropout"], channels=config["shape"][0], small=small)


def _vgg(name: str, config: Config) -> nn.Module:
    options = {"num_classes": config["classes"], "dropout": config["dropout"], "channels": config["shape"][0]}
    return getattr(vgg, name)(small=check_images(name, config), **options)


def _googlenet(config: Config) -> nn.Module:
    small = check_images("googlenet", config)
    return GoogLeNet(config["classes"], dropout=config["dropout"], channels=config["shape"][0], small=small)


def _resnet(name: str, config: Config) -> nn.Module:
    options = {"num_classes": config["classes"], "channels": config["shape"][0]}
    return getattr(imagenet, name)(small=check_images(name, config), **options)


def _cifar(name: str, depth: int, shortcut: bool, config: Config) -> nn.Module:
    check_images(name, config)
    options = {"channels": config["shape"][0], "width": config["width"], "shortcut": shortcut}
    return CifarResNet(depth, config["classes"], **options)


def _entries() -> list[Entry]:
    entries = [
        _entry("lenet", "LeNet-5 as it is taught today, with ReLU and max pooling (LeCun et al. 1998)",
               partial(_lenet, "lenet", LeNet), BRIEF, lr=0.05, lr_schedule="cosine"),
        _entry("cnn", "two 3×3 convolutions and two linear layers", _cnn, BRIEF, width=32, dropout=0.25, lr=0.05,
               lr_schedule="cosine"),
        _entry("lenet5", "LeNet-5 as published, with its partial connections (LeCun et al. 1998)",
               partial(_lenet, "lenet5", LeNet5), lr=2e-3, weight_decay=0.0),
        _entry("alexnet", "AlexNet as one column (Krizhevsky 2014; torchvision's)", _alexnet,
               {**PRESETS, "digits": {"lr": 3e-3}}, ALEXNET, dropout=0.5),
        _entry("googlenet", "GoogLeNet with its auxiliary heads (Szegedy et al. 2015)", _googlenet, dropout=0.2,
               weight_decay=1e-4),
    ]  # fmt: skip
    for depth in vgg.BLOCKS:
        for suffix, words in (("", ""), ("_bn", " and batch normalisation")):
            name = f"vgg{depth}{suffix}"
            text = f"VGG with {depth} layers{words} (Simonyan and Zisserman 2015)"
            entries.append(_entry(name, text, partial(_vgg, name), paper=VGG, dropout=0.5))
    residual: dict[str, Any] = {"lr": 0.1, "weight_decay": 1e-4}
    for depth in (18, 34, 50, 101, 152):
        name = f"resnet{depth}"
        text = f"ResNet with {depth} layers, the one for ImageNet (He et al. 2016)"
        entries.append(_entry(name, text, partial(_resnet, name), RESIDUAL, RESNET, **residual))
    for depth in DEPTHS:
        for kind, words in (("resnet", "for CIFAR"), ("plain", "for CIFAR, without its shortcuts")):
            name = f"{kind}{depth}"
            network = partial(_cifar, name, depth, kind == "resnet")
            text = f"ResNet with {depth} layers, the one {words} (He et al. 2016)"
            entries.append(_entry(name, text, network, RESIDUAL, CIFAR, width=16, **residual))
    return entries


ENTRIES = _entries()
