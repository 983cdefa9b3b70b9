"""Where the generator's input comes from."""

from __future__ import annotations

from dataclasses import dataclass

from .. import random
from ..tensor import Tensor


@dataclass(frozen=True)
class Noise:
    """`size` independent numbers for each sample: "uniform" in [-1, 1) or "normal" (mean 0, variance 1)."""

    size: int
    kind: str = "uniform"

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int):
            raise TypeError(f"[Noise] expected size as an integer, got {type(self.size).__name__}")
        if not 1 <= self.size <= 2**20:
            raise ValueError(f"[Noise] expected size in 1 … 2**20, got {self.size}")
        if self.kind not in ("uniform", "normal"):
            raise ValueError(f'[Noise] expected kind "uniform" or "normal", got {self.kind!r}')

    def __call__(self, count: int, generator: random.Generator) -> Tensor:
        """`count` inputs, of shape (count, size), drawn from `generator`."""
        if self.kind == "normal":
            return random.randn(count, self.size, generator=generator)
        return random.rand(count, self.size, generator=generator) * 2.0 - 1.0
