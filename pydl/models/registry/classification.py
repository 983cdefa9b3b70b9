"""How classifiers are trained: the task, and the options that all have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import nn, optim, random
from ...data import DataLoader
from ...tensor import Tensor
from .entry import Data, complete

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
    from ...train import Classifier

    config = complete(config, data)
    if config["classes"] < 2:
        raise ValueError(f"[classifier] expected data with labels of at least 2 classes, got {config['classes']}")
    random.manual_seed(config["seed"])
    model = network(config)
    steps = optimizer(model.parameters(), lr=config["lr"], weight_decay=config["weight_decay"])
    return Classifier(model, steps, loss, DataLoader(data.test, 256), capture=True)
