"""Early stopping: learn on some rows, watch others, keep the weights that did best on those."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..tensor import Tensor


class BestWeights:
    """Follows `cost()` on the rows held back; `stop()`, once an epoch, says whether it has not fallen for `patience`.

    `restore()` gives `network` the weights of the best epoch back. (Morgan and Bourlard 1990; Prechelt, "Early
    stopping - but when?", 1998: the criterion UP.)
    """

    def __init__(self, network: Any, cost: Callable[[], float], patience: int) -> None:
        self.network, self.cost, self.patience = network, cost, patience
        self.costs: list[float] = []
        self.epoch = 0
        self._best: dict[str, Tensor] = {}

    def stop(self) -> bool:
        """Note the cost of this epoch, and the weights if it is the least so far."""
        self.costs.append(self.cost())
        if self.costs[-1] < min(self.costs[:-1], default=math.inf):
            self.epoch = len(self.costs) - 1
            self._best = {name: value.clone() for name, value in self.network.state_dict().items()}
        return len(self.costs) - 1 - self.epoch >= self.patience

    def restore(self) -> None:
        """The weights of the best epoch."""
        if self._best:
            self.network.load_state_dict(self._best)


def split(labels: np.ndarray, share: float, generator: random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to learn from and to hold back: of every class the same share, rounded, at least one and not all.

    ValueError for a class of a single row.
    """
    order = random.randperm(len(labels), generator=generator).numpy()
    held: list[np.ndarray] = []
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        if len(rows) < 2:
            raise ValueError(f"[early_stopping] expected at least 2 rows of every class, got 1 of class {label}")
        held.append(rows[: min(max(1, round(share * len(rows))), len(rows) - 1)])
    chosen = np.sort(np.concatenate(held))
    return np.setdiff1d(order, chosen), chosen
