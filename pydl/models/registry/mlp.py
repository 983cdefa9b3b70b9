"""The multilayer perceptron in the registry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..mlp import MLP
from .classification import DEFAULTS, LARGE, build
from .entry import Data, Entry


def network(config: Mapping[str, Any]) -> MLP:
    """An MLP for samples of `config["shape"]`."""
    return MLP(math.prod(config["shape"]), config["classes"], config["hidden"], config["dropout"])


def _build(data: Data, config: Mapping[str, Any]) -> Any:
    return build(network, data, config)


ENTRY = Entry(
    "mlp",
    "multilayer perceptron: linear layers with ReLU, on images or features",
    {**DEFAULTS, "hidden": [256, 128], "dropout": 0.0},
    _build,
    dict.fromkeys(("mnist", "fashion-mnist", "cifar10"), LARGE),
)
