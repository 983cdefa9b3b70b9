"""The multilayer perceptron in the registry, and how it and the linear models are trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .. import nn, optim, random
from ..data import DataLoader
from ..tensor import Tensor
from .mlp import MLP
from .registry import Data, Entry, complete

DEFAULTS = {
    "data": "digits",
    "epochs": 20,
    "batch_size": 64,
    "lr": 1e-3,
    "lr_schedule": "none",
    "weight_decay": 0.0,
    "seed": 0,
}
LARGE = {"epochs": 10, "batch_size": 128, "lr_schedule": "late-linear"}


def build(
    network: Callable[[Mapping[str, Any]], nn.Module],
    data: Data,
    config: Mapping[str, Any],
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    optimizer: Callable[..., optim.Optimizer] = optim.AdamW,
) -> Any:
    """The task of a classifier trained on `data.train` to make `loss` least, and tested on `data.test`."""
    from ..train import Classifier

    config = complete(config, data)
    if config["classes"] < 2:
        raise ValueError(f"[classifier] expected data of at least 2 classes, got {config['classes']}")
    random.manual_seed(config["seed"])
    model = network(config)
    steps = optimizer(model.parameters(), lr=config["lr"], weight_decay=config["weight_decay"])
    return Classifier(model, steps, loss, DataLoader(data.test, 256), capture=True)


def mlp(config: Mapping[str, Any]) -> MLP:
    """An MLP for samples of `config["shape"]`."""
    return MLP(math.prod(config["shape"]), config["classes"], config["hidden"], config["dropout"])


def _build_mlp(data: Data, config: Mapping[str, Any]) -> Any:
    return build(mlp, data, config)


MLP_ENTRY = Entry(
    "mlp",
    "multilayer perceptron: linear layers with ReLU, on images or features",
    {**DEFAULTS, "hidden": [256, 128], "dropout": 0.0},
    _build_mlp,
    dict.fromkeys(("mnist", "fashion-mnist", "cifar10"), LARGE),
)
