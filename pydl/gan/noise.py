"""Where the generator's input comes from."""

from __future__ import annotations

from dataclasses import dataclass

from .. import ops, random
from ..checks import integer
from ..creation import arange
from ..tensor import Tensor


@dataclass(frozen=True)
class Noise:
    """`size` independent numbers for each sample: "uniform" in [-1, 1) or "normal" (mean 0, variance 1).

    TypeError for a size that is no integer, ValueError for one outside 1 … 2²⁰ and for another kind.
    """

    size: int
    kind: str = "uniform"

    def __post_init__(self) -> None:
        integer("Noise", "size", self.size, 1, 2**20)
        if self.kind not in ("uniform", "normal"):
            raise ValueError(f'[Noise] expected kind "uniform" or "normal", got {self.kind!r}')

    @property
    def width(self) -> int:
        """How many numbers the generator takes for each sample."""
        return self.size

    def __call__(self, count: int, generator: random.Generator) -> Tensor:
        """`count` inputs, of shape (count, width), drawn from `generator`."""
        if self.kind == "normal":
            return random.randn(count, self.size, generator=generator)
        return random.rand(count, self.size, generator=generator) * 2.0 - 1.0


@dataclass(frozen=True)
class Codes(Noise):
    """Noise, then a class as ones and zeros (`classes` columns), then `continuous` numbers uniform in [-1, 1)."""

    classes: int = 10
    continuous: int = 0

    @property
    def width(self) -> int:
        return self.size + self.classes + self.continuous

    def __call__(self, count: int, generator: random.Generator, classes: Tensor | None = None) -> Tensor:
        """`count` inputs that ask for `classes` (rows of ones and zeros), by default 0, 1, 2, … over and over."""
        if classes is None:
            classes = ops.one_hot(arange(count) % self.classes, self.classes).float()
        parts = [super().__call__(count, generator), classes]
        if self.continuous:
            parts.append(random.rand(count, self.continuous, generator=generator) * 2.0 - 1.0)
        return ops.cat(parts, 1)

    def draw(self, count: int, generator: random.Generator) -> Tensor:
        """The same with classes drawn at random, each as likely."""
        drawn = random.randint(0, self.classes, (count,), generator=generator)
        return self(count, generator, ops.one_hot(drawn, self.classes).float())
