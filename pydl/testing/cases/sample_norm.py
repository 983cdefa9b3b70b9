"""Normalisation of each sample by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ...tensor import Tensor
from ..table import Op, Sample

EPS = 1e-3
Rows = Callable[[np.ndarray], np.ndarray]


def _arguments(rng: np.random.Generator, shape: tuple[int, ...], affine: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    return rng.standard_normal(shape) * 2 + 1, rng.uniform(0.5, 2, affine), rng.standard_normal(affine)


def layer_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, normalized in (
        ((5,), (5,)),
        ((3, 4), (4,)),
        ((2, 3, 2, 2), (3, 2, 2)),
        ((2, 3, 4), (3, 4)),
        ((0, 3), (3,)),
    ):
        yield Sample(_arguments(rng, shape, normalized), {"normalized_shape": normalized})


def group_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, groups in (((3, 4), 2), ((2, 4, 3), 1), ((2, 6, 2, 3), 3), ((2, 2, 2, 2), 2), ((0, 2, 2, 2), 2)):
        yield Sample(_arguments(rng, shape, shape[1:2]), {"num_groups": groups})


def instance_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape in ((2, 3, 4), (2, 2, 3, 2), (0, 2, 3, 3)):
        yield Sample(_arguments(rng, shape, shape[1:2]))


def _layer(x: Tensor, weight: Tensor, bias: Tensor, normalized_shape: Any) -> Tensor:
    return ops.layer_norm(x, normalized_shape, weight, bias, EPS)


def _group(x: Tensor, weight: Tensor, bias: Tensor, num_groups: int) -> Tensor:
    return ops.group_norm(x, num_groups, weight, bias, EPS)


def _instance(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return ops.instance_norm(x, weight=weight, bias=bias, eps=EPS)


def _standardised(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / np.sqrt(x.var() + EPS)


def _largest(x: np.ndarray) -> np.ndarray:
    """(|x| + |mean|) / deviation, of the smallest deviation there could be."""
    return (x + x.max()) / np.sqrt(EPS)


def _row_by_row(x: np.ndarray, size: int, one: Rows) -> np.ndarray:
    rows = x.reshape(-1, size)
    return np.array([one(row) for row in rows]).reshape(x.shape)


def layer_reference(one: Rows) -> Callable[..., np.ndarray]:
    def reference(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, normalized_shape: Any) -> np.ndarray:
        return _row_by_row(x, weight.size, one) * weight + bias

    return reference


def group_reference(one: Rows) -> Callable[..., np.ndarray]:
    def reference(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, num_groups: int | None = None) -> np.ndarray:
        channels = x.shape[1]
        size = int(np.prod(x.shape[2:])) * channels // (num_groups or channels)
        column = (channels, *(1,) * (x.ndim - 2))
        return _row_by_row(x, size, one) * weight.reshape(column) + bias.reshape(column)

    return reference


def _row(name: str, function: Any, reference: Any, samples: Any) -> Op:
    return Op(name, function, reference(_standardised), samples, bound=reference(_largest))


OPS = [
    _row("layer_norm", _layer, layer_reference, layer_samples),
    _row("group_norm", _group, group_reference, group_samples),
    _row("instance_norm", _instance, group_reference, instance_samples),
]
