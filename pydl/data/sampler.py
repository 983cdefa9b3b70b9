"""Samplers: which indices an epoch visits, and in what order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import checks
from . import check
from .samplerng import DRAW, ORDER, permutation, seed_sequence


class Sampler:
    """Base of samplers: `indices(epoch)` gives the order of an epoch, so that it can be replayed."""

    def indices(self, epoch: int) -> np.ndarray:
        raise NotImplementedError(f"[{type(self).__name__}] a sampler needs indices(epoch)")

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices(0).tolist())

    def __len__(self) -> int:
        return len(self.indices(0))


class SequentialSampler(Sampler):
    """0, 1, …, len(data_source) - 1."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def indices(self, epoch: int) -> np.ndarray:
        return np.arange(len(self.data_source))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """A random order of all samples, or `num_samples` of them, or draws with `replacement`."""

    def __init__(
        self, data_source: Any, replacement: bool = False, num_samples: int | None = None, generator: Any = None
    ) -> None:
        self.data_source, self.replacement = data_source, replacement
        self.seed = check.seed("RandomSampler", generator)
        if num_samples is not None:
            num_samples = checks.integer("RandomSampler", "num_samples", num_samples, 0)
            if not replacement and num_samples > len(data_source):
                raise ValueError(f"[RandomSampler] expected num_samples <= {len(data_source)}, got {num_samples}")
        self.num_samples = num_samples

    def indices(self, epoch: int) -> np.ndarray:
        size = len(self.data_source)
        if not self.replacement:
            return permutation(size, ORDER, self.seed, epoch)[: len(self)]
        generator = np.random.Generator(np.random.Philox(seed_sequence(DRAW, self.seed, epoch)))
        return generator.integers(size, size=len(self))

    def __len__(self) -> int:
        return len(self.data_source) if self.num_samples is None else self.num_samples


class WeightedRandomSampler(Sampler):
    """`num_samples` indices drawn with probability proportional to `weights`, by inversion."""

    def __init__(
        self,
        weights: Sequence[float] | np.ndarray,
        num_samples: int,
        replacement: bool = True,
        generator: Any = None,
    ) -> None:
        self.weights = np.asarray(weights, np.float64)
        self.num_samples = checks.integer("WeightedRandomSampler", "num_samples", num_samples, 0)
        self.replacement, self.seed = replacement, check.seed("WeightedRandomSampler", generator)
        total = self.weights.sum()
        if self.weights.ndim != 1 or not np.isfinite(total) or total <= 0 or self.weights.min() < 0:
            raise ValueError("[WeightedRandomSampler] expected weights >= 0 with a positive, finite sum")
        if not replacement and num_samples > np.count_nonzero(self.weights):
            raise ValueError("[WeightedRandomSampler] expected num_samples <= positive weights, without replacement")

    def indices(self, epoch: int) -> np.ndarray:
        generator = np.random.Generator(np.random.Philox(seed_sequence(DRAW, self.seed, epoch)))
        share = self.weights / self.weights.sum()
        return generator.choice(len(share), self.num_samples, replace=self.replacement, p=share)

    def __len__(self) -> int:
        return self.num_samples
