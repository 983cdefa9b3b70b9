"""How the convolutional networks of the registry are trained: their images, optimizer and learning rate."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from .. import nn, optim
from ..data import transforms
from . import classifiers
from .registry import Data

Network = Callable[[Mapping[str, Any]], nn.Module]
AUXILIARY_WEIGHT = 0.3
AUGMENTATIONS = ("none", "crop", "flip", "crop-flip")

DEFAULTS = {
    "data": "digits",
    "epochs": 20,
    "batch_size": 64,
    "lr": 0.01,
    "lr_schedule": "late-step",
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "augment": "none",
    "seed": 0,
}
_LARGE = {"epochs": 30, "batch_size": 128}
PRESETS = {
    "mnist": {**_LARGE, "augment": "crop"},
    "fashion-mnist": {**_LARGE, "augment": "crop-flip"},
    "cifar10": {"epochs": 164, "batch_size": 128, "augment": "crop-flip"},
}
# For an hour on two cores: few epochs, and a rate that falls from the start.
RESIDUAL = {
    **PRESETS,
    "fashion-mnist": {
        "epochs": 12, "batch_size": 128, "lr_schedule": "cosine", "weight_decay": 5e-4, "augment": "flip",
    },
}  # fmt: skip
# For networks so small that augmentation and long training are soon of no more use.
BRIEF = {
    "digits": {"augment": "crop"},
    "mnist": {"epochs": 20, "batch_size": 128, "augment": "crop"},
    "fashion-mnist": {"epochs": 10, "batch_size": 128, "augment": "flip"},
    "cifar10": {"epochs": 30, "batch_size": 128, "augment": "crop-flip"},
}


def prepare(data: Data, config: Mapping[str, Any]) -> Data:
    """Both parts with each channel brought to mean 0 and deviation 1 over the training part, that part augmented.

    "crop" pads by 4 pixels of 32 (in proportion for smaller images) and takes a random window of the image's size,
    "flip" mirrors half of the images, "crop-flip" does both (He et al. 2016, section 4.2).
    """
    if config["augment"] not in AUGMENTATIONS:
        raise ValueError(
            f"[prepare] expected augment to be one of {', '.join(AUGMENTATIONS)}, got {config['augment']!r}"
        )
    shape = data.train.image_shape
    if len(shape) != 3:
        return data  # `build` says what is wrong
    if not len(data.train):
        raise ValueError("[prepare] expected at least one image to train on, got none")
    base = [] if data.train.transform is None else [data.train.transform]
    steps = [*base, transforms.Normalize(*channel_statistics(data.train))]
    test = transforms.Compose(steps)
    if "crop" in config["augment"]:
        padding = [-(-side // 8) for side in reversed(shape[1:])]
        steps.append(transforms.RandomCrop(shape[1:], padding))
    if "flip" in config["augment"]:
        steps.append(transforms.RandomHorizontalFlip())
    return Data(_transformed(data.train, transforms.Compose(steps)), _transformed(data.test, test))


def channel_statistics(dataset: Any) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of every channel, over all images (deviation 1 for a channel that is constant)."""
    count, total, squares = 0, np.zeros(1), np.zeros(1)
    for start in range(0, len(dataset), 4096):
        images = dataset.batch(np.arange(start, min(start + 4096, len(dataset))))[0].astype(np.float64)
        count += images.size // images.shape[1]
        total, squares = total + images.sum((0, 2, 3)), squares + (images**2).sum((0, 2, 3))
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean.tolist(), np.where(deviation > 1e-6, deviation, 1.0).tolist()


def _transformed(dataset: Any, transform: Any) -> Any:
    result = copy.copy(dataset)
    result.transform = transform
    return result


def build(network: Network, data: Data, config: Mapping[str, Any]) -> Any:
    """A classifier trained by SGD with momentum and weight decay on cross-entropy, and tested on `data.test`."""
    return classifiers.build(network, data, config, loss, partial(optim.SGD, momentum=config["momentum"]))


def loss(outputs: Any, targets: Any) -> Any:
    """Cross-entropy; the scores of auxiliary heads count 0.3 each (Szegedy et al. 2015, section 5)."""
    scores, *heads = outputs if isinstance(outputs, tuple) else (outputs,)
    result = nn.functional.cross_entropy(scores, targets)
    for head in heads:
        result = result + AUXILIARY_WEIGHT * nn.functional.cross_entropy(head, targets)
    return result


def check_images(name: str, config: Mapping[str, Any], least: int | None = 33) -> bool:
    """Whether images of `config["shape"]` have at most 32 pixels a side; ValueError if they are none or do not fit.

    `least` is the smallest side, from 33 on, that the network takes in the form of its paper; None if it has none.
    """
    shape = tuple(config["shape"])
    if len(shape) != 3:
        raise ValueError(f"[{name}] expected images (C, H, W), got samples of shape {shape}")
    if max(shape[1:]) > 32 and (least is None or min(shape[1:]) < least):
        larger = "" if least is None else f" or at least {least}"
        raise ValueError(f"[{name}] expected images of 1 … 32{larger} pixels a side, got shape {shape}")
    return max(shape[1:]) <= 32
