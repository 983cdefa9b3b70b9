"""A generator whose weights are a moving average of another's."""

from __future__ import annotations

import copy
from typing import Any

from .. import recording
from ..nn import Module


class MovingAverage:
    """A copy of `module` that follows it: w̄ ← d · w̄ + (1 - d) · w after every step, buffers of floats alike.

    d is the smaller of `decay` and (1 + n) / (10 + n) after n steps, so that early weights are soon forgotten.
    The average of a GAN's generator circles less than the generator itself (Yazici et al. 2019, arXiv:1806.04498).
    ValueError for a decay outside [0, 1).
    """

    def __init__(self, module: Module, decay: float) -> None:
        if not isinstance(decay, (int, float)) or not 0 <= decay < 1:
            raise ValueError(f"[MovingAverage] expected decay in [0, 1), got {decay!r}")
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        self.decay, self.count = float(decay), 0

    def update(self, module: Module) -> None:
        """Move towards the weights that `module` has now."""
        recording.refuse("it moves an average of weights")
        self.count += 1
        kept = min(self.decay, (1 + self.count) / (10 + self.count))
        for mean, value in zip(_arrays(self.module), _arrays(module), strict=True):
            if mean.dtype.kind == "f":
                mean *= kept
                mean += value * (1.0 - kept)
            else:
                mean[...] = value

    def state_dict(self) -> dict[str, Any]:
        return {"module": self.module.state_dict(), "count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.module.load_state_dict(state["module"])
        self.count = int(state["count"])


def _arrays(module: Module) -> list[Any]:
    """The memory of all parameters and buffers, of NumPy or CuPy: nothing is recorded of what is done to it."""
    return [tensor._data for tensor in (*module.parameters(), *module.buffers())]
