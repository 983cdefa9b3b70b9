"""The training steps: what goes into each network. The sizes of single layers are in pydl/benchmark/shapes.py."""

from __future__ import annotations

from typing import NamedTuple


class Classifier(NamedTuple):
    batch: tuple[int, ...]
    classes: int


class Gan(NamedTuple):
    batch: tuple[int, ...]
    noise: tuple[int, ...]


CLASSIFIERS = {
    "xor": Classifier((4, 2), 2),
    "mlp": Classifier((128, 784), 10),
    "lenet": Classifier((64, 1, 28, 28), 10),
    "vgg11": Classifier((32, 3, 32, 32), 10),
    "resnet18": Classifier((32, 3, 32, 32), 10),
}
GANS = {
    "gan2d": Gan((256, 2), (256, 2)),
    "dcgan": Gan((16, 3, 64, 64), (16, 100, 1, 1)),
}
STEPS = ("xor", "gan2d", "mlp", "lenet", "vgg11", "resnet18", "dcgan")
SMALL = ("xor", "gan2d", "mlp", "lenet")
