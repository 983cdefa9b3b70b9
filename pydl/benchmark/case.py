"""What a benchmark is: two functions that do the same work, and how to see that they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Agree = Callable[[Any, Any], str]


def agree_closely(tolerance: float) -> Agree:
    """Results, or tuples of them, whose largest difference is at most `tolerance` of the largest element."""

    def agree(ours: Any, theirs: Any) -> str:
        if isinstance(ours, (tuple, list)):
            if len(ours) != len(theirs):
                return f"{len(ours)} results against {len(theirs)}"
            return next(filter(None, (agree(a, b) for a, b in zip(ours, theirs, strict=True))), "")
        a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
        if a.shape != b.shape:
            return f"shapes {a.shape} and {b.shape}"
        error, scale = np.max(np.abs(a - b), initial=0), np.max(np.abs(b), initial=0)
        return "" if error <= tolerance * scale else f"error {error:.3g} where the largest element is {scale:.3g}"

    return agree


def agree_in_distribution(ours: Any, theirs: Any) -> str:
    """Samples of one size whose mean and standard deviation are equal to within six standard errors."""
    a, b = np.asarray(ours, np.float64).ravel(), np.asarray(theirs, np.float64).ravel()
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    slack = 6 * b.std() * (2 / b.size) ** 0.5
    if abs(a.mean() - b.mean()) > slack or abs(a.std() - b.std()) > slack:
        return f"mean {a.mean():.4g} and deviation {a.std():.4g} against {b.mean():.4g} and {b.std():.4g}"
    return ""


AGREE = agree_closely(1e-5)


@dataclass(frozen=True)
class Work:
    """`bytes`: each operand read once, each result written once. `flops` is 0 where memory is what bounds."""

    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    bytes: int
    flops: int = 0
    agree: Agree = AGREE

    def difference(self) -> str:
        """How the results of the first call differ; empty where they agree."""
        return self.agree(self.ours(), self.theirs())


@dataclass(frozen=True)
class Case:
    """`build` makes the operands, from a seeded generator, only when the case is run."""

    family: str
    name: str
    shape: str
    short: bool
    build: Callable[[np.random.Generator], Work]

    @property
    def title(self) -> str:
        return f"{self.family} {self.name} {self.shape}"


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def nbytes(*arrays: Any) -> int:
    return sum(a.nbytes for a in arrays)
