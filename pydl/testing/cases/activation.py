"""Activations made of other operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample
from .elementwise import unary_samples


def _clip6(x: np.ndarray) -> np.ndarray:
    return np.clip(x + 3, 0, 6) / 6


def _glu(x: np.ndarray, dim: int = -1) -> np.ndarray:
    a, b = np.split(x, 2, dim)
    return a / (1 + np.exp(-b))


def glu_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, dim in [((4,), -1), ((3, 6), 1), ((2, 3, 5), 0), ((0, 2), 1)]:
        yield Sample((rng.standard_normal(shape),), {"dim": dim})


def _prelu(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    slope = weight.reshape([-1] + [1] * (x.ndim - 2)) if weight.size > 1 else weight.reshape(())
    return np.where(x > 0, x, slope * x)


def prelu_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, count in [((3,), 1), ((2, 3), 3), ((2, 3, 5), 3), ((2, 3, 2, 2), 1), ((0, 3), 3)]:
        x = rng.uniform(0.1, 2, shape) * rng.choice([-1.0, 1.0], shape)
        yield Sample((x, rng.standard_normal(count)))


def _row(name: str, reference: Callable[..., Any], *kinks: float, tolerance: float = 8, **options: Any) -> Op:
    samples = unary_samples(-4, 4, *kinks, **options)
    return Op(
        name, getattr(ops, name), reference, samples, bound=lambda x, **k: 1 + np.abs(x), tolerance=tolerance * 2.0**-24
    )


OPS = [
    _row("hardtanh", lambda x, min_val, max_val: np.clip(x, min_val, max_val), -1.5, 0.5, min_val=-1.5, max_val=0.5),
    _row("relu6", lambda x: np.clip(x, 0, 6), 0.0, 6.0),
    _row("hardsigmoid", _clip6, -3.0, 3.0),
    _row("hardswish", lambda x: x * _clip6(x), -3.0, 3.0),
    _row("softsign", lambda x: x / (1 + np.abs(x)), 0.0),
    _row("mish", lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    _row("selu", lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)), 0.0),
    _row("celu", lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x / alpha)), 0.0, alpha=1.5),
    _row("tanhshrink", lambda x: x - np.tanh(x)),
    Op("glu", ops.glu, _glu, glu_samples),
    Op("prelu", ops.prelu, _prelu, prelu_samples),
]
