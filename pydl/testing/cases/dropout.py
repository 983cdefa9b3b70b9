"""Dropout with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ...random import manual_seed
from ...tensor import Tensor
from ..naive_philox import mask
from ..table import Op, Sample

SEED = 11


def _seeded(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(x: Tensor, p: float) -> Tensor:
        manual_seed(SEED)
        return function(x, p)

    return call


def _reference(x: np.ndarray, p: float, shape: Any = None) -> np.ndarray:
    scale = 1 / (1 - p) if p < 1 else 0.0
    return np.where(mask(x.shape if shape is None else shape, SEED, 1 - p), x * scale, 0.0)


def samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape in ((7,), (3, 5), (2, 3, 4, 5), (0, 3)):
        for p in (0.3, 0.8):
            yield Sample((rng.standard_normal(shape),), {"p": p})
    yield Sample((rng.standard_normal((2, 3)),), {"p": 1.0})


def channel_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape in ((2, 3, 4, 5), (4, 5, 1, 1), (0, 2, 3, 3)):
        yield Sample((rng.standard_normal(shape),), {"p": 0.4})


OPS = [
    Op("dropout", _seeded(ops.dropout), _reference, samples),
    Op("dropout2d", _seeded(ops.dropout2d), lambda x, p: _reference(x, p, (*x.shape[:2], 1, 1)), channel_samples),
]
