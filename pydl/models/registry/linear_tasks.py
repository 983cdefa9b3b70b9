"""One layer of neurons in the registry: a linear network, and the loss that makes it what it is called.

Perceptron, Adaline and logistic regression see each class on its own, as one against the rest with targets t = ±1; the
largest score wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ... import nn, optim
from ...ops import binary_cross_entropy_with_logits, one_hot, relu
from ...tensor import Tensor
from ..mlp import MLP
from .classification import DEFAULTS, LARGE, build
from .entry import Data, Entry


def signs(scores: Tensor, labels: Tensor) -> Tensor:
    """t (rows, classes): +1 for the class of the row, -1 for the others."""
    return one_hot(labels, scores.shape[1]).to(scores.dtype) * 2.0 - 1.0


def perceptron_criterion(scores: Tensor, labels: Tensor) -> Tensor:
    """Σ max(0, -t z) over the classes, mean over the rows: its gradient is -t x where a class is wrong, else 0."""
    return relu(-signs(scores, labels) * scores).sum(1).mean()


def half_squared_error(scores: Tensor, labels: Tensor) -> Tensor:
    """½ Σ (t - z)² over the classes, mean over the rows: Adaline's loss."""
    return 0.5 * (signs(scores, labels) - scores).square().sum(1).mean()


def logistic_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """-Σ [y log a + (1 - y) log(1 - a)] over the classes, a = σ(z), mean over the rows."""
    y = one_hot(labels, scores.shape[1]).to(scores.dtype)
    return binary_cross_entropy_with_logits(scores, y, reduction="sum") / float(scores.shape[0])


_LONG = {"epochs": 30, "lr_schedule": "late-linear"}


def _network(config: Mapping[str, Any]) -> MLP:
    return MLP(math.prod(config["shape"]), config["classes"], ())


def _build(loss: Callable[[Tensor, Tensor], Tensor], data: Data, config: Mapping[str, Any]) -> Any:
    return build(_network, data, config, loss, optim.SGD)


def _entry(name: str, description: str, loss: Callable[[Tensor, Tensor], Tensor], lr: float, large: float) -> Entry:
    presets: dict[str, dict[str, Any]] = {
        name: {**LARGE, **_LONG, "lr": large} for name in ("mnist", "fashion-mnist", "cifar10")
    }
    presets["iris"] = {"epochs": 200, "batch_size": 8, "lr": min(lr, 0.01), "lr_schedule": "late-linear"}
    return Entry(name, description, {**DEFAULTS, "lr": lr}, partial(_build, loss), presets)


ENTRIES = (
    _entry("perceptron", "one layer, the perceptron criterion (Rosenblatt 1957)", perceptron_criterion, 0.1, 0.01),
    _entry(
        "adaline", "one layer, squared error of linear outputs (Widrow and Hoff 1960)", half_squared_error, 0.05, 1e-3
    ),
    _entry("logistic", "one layer, one logistic regression for each class", logistic_loss, 0.5, 0.1),
    _entry("softmax", "one layer, softmax regression", nn.functional.cross_entropy, 0.5, 0.1),
)
