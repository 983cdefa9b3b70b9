"""Functions of one and two operands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample

Generator = np.random.Generator


def away_from(x: np.ndarray, *kinks: float, gap: float = 0.05) -> np.ndarray:
    """x with every element at least `gap` from the points where a function is not smooth."""
    for kink in kinks:
        near = np.abs(x - kink) < gap
        x = np.where(near, kink + np.where(x >= kink, 1, -1) * (gap + np.abs(x - kink)), x)
    return x


def unary_samples(low: float = -3.0, high: float = 3.0, *kinks: float, **options: Any) -> Callable[..., Any]:
    def samples(rng: Generator) -> Iterator[Sample]:
        for shape in [(), (1,), (7,), (3, 5), (2, 3, 17), (0, 4)]:
            yield Sample((away_from(np.asarray(rng.uniform(low, high, shape)), *kinks),), options)

    return samples


def binary_samples(low: float = -2.0, high: float = 2.0, gap: bool = False) -> Callable[..., Any]:
    shapes = [((), ()), ((5,), (5,)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((2, 3, 5), ()), ((1,), (2, 1, 3)),
              ((0, 3), (3,)), ((4, 19), (4, 19))]  # fmt: skip

    def samples(rng: Generator) -> Iterator[Sample]:
        for first, second in shapes:
            x, y = np.asarray(rng.uniform(low, high, first)), np.asarray(rng.uniform(low, high, second))
            if gap:
                y = y + np.where(y >= 0, 0.5, -0.5)
            yield Sample((x, y))

    return samples


def _erf(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf, otypes=[float])(x)


def _unary(name: str, reference: Callable, samples: Callable, **options: Any) -> Op:
    return Op(name, getattr(ops, name), reference, samples, **options)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _softplus(x: np.ndarray, beta: float = 1.0, threshold: float = 20.0) -> np.ndarray:
    return np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta)


OPS = [
    _unary("neg", np.negative, unary_samples()),
    _unary("abs", np.abs, unary_samples(-3, 3, 0.0)),
    _unary("sign", np.sign, unary_samples(-3, 3, 0.0)),
    _unary("square", np.square, unary_samples()),
    _unary("sqrt", np.sqrt, unary_samples(0.2, 4)),
    _unary("rsqrt", lambda x: 1 / np.sqrt(x), unary_samples(0.2, 4)),
    _unary("reciprocal", lambda x: 1 / x, unary_samples(0.3, 4)),
    _unary("exp", np.exp, unary_samples()),
    _unary("expm1", np.expm1, unary_samples()),
    _unary("log", np.log, unary_samples(0.2, 5)),
    _unary("log2", np.log2, unary_samples(0.2, 5)),
    _unary("log1p", np.log1p, unary_samples(-0.7, 5)),
    _unary("sin", np.sin, unary_samples()),
    _unary("cos", np.cos, unary_samples(), bound=lambda x: np.ones_like(x)),
    _unary("erf", _erf, unary_samples()),
    _unary("tanh", np.tanh, unary_samples()),
    _unary("sigmoid", _sigmoid, unary_samples()),
    _unary("relu", lambda x: np.maximum(x, 0), unary_samples(-3, 3, 0.0)),
    _unary("leaky_relu", lambda x, negative_slope: np.where(x < 0, negative_slope * x, x),
           unary_samples(-3, 3, 0.0, negative_slope=0.2)),
    _unary("elu", lambda x, alpha: np.where(x < 0, alpha * np.expm1(x), x), unary_samples(-3, 3, 0.0, alpha=1.5)),
    _unary("clamp", lambda x, min, max: np.clip(x, min, max), unary_samples(-3, 3, -1.0, 2.0, min=-1.0, max=2.0)),
    _unary("softplus", _softplus, unary_samples(-4, 4, beta=2.0, threshold=20.0)),
    _unary("logsigmoid", lambda x: -_softplus(-x), unary_samples()),
    _unary("silu", lambda x: x * _sigmoid(x), unary_samples()),
    _unary("gelu", lambda x: x * 0.5 * (1 + _erf(x / math.sqrt(2))), unary_samples(), bound=np.abs),
    _unary("add", np.add, binary_samples(), bound=np.add),
    _unary("sub", np.subtract, binary_samples(), bound=np.add),
    _unary("mul", np.multiply, binary_samples()),
    _unary("div", np.divide, binary_samples(gap=True)),
    _unary("pow", np.power, binary_samples(0.3, 2.0)),
    _unary("maximum", np.maximum, binary_samples(gap=True)),
    _unary("minimum", np.minimum, binary_samples(gap=True)),
]  # fmt: skip
