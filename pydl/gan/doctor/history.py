"""A series of any length in few numbers, to find in a whole training what takes long."""

from __future__ import annotations

from typing import Any

import numpy as np


class History:
    """Means of blocks of a series, at most `most` of them: when there are so many, each two become one.

    `means` are those of the blocks that are complete, of `block` values each.
    """

    def __init__(self, most: int) -> None:
        self.most, self.block = most, 1
        self.means: list[float] = []
        self._sum, self._count = 0.0, 0

    def append(self, value: float) -> None:
        self._sum, self._count = self._sum + value, self._count + 1
        if self._count == self.block:
            self.means.append(self._sum / self._count)
            self._sum, self._count = 0.0, 0
        if len(self.means) == self.most:
            self.means = np.reshape(self.means, (-1, 2)).mean(1).tolist()
            self.block *= 2

    def state_dict(self) -> dict[str, Any]:
        return {"means": np.array(self.means), "block": self.block, "sum": self._sum, "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.means, self.block = np.asarray(state["means"]).tolist(), int(state["block"])
        self._sum, self._count = float(state["sum"]), int(state["count"])
