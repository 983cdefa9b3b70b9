"""Elementwise functions on preallocated arrays: f(x, y) and f(x, g, y) write y; t is a temporary like y."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Array = np.ndarray
Form = Callable[..., object]

ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def erf(x: Array, y: Array, t: Array, scale: float = 1.0) -> None:
    """y = erf(scale · x) after Abramowitz and Stegun 7.1.26, right to 1.5e-7: NumPy has no erf."""
    np.abs(x, out=t)
    t *= 0.3275911 * scale
    t += 1
    np.reciprocal(t, out=t)
    np.multiply(t, ERF[4], out=y)
    for c in ERF[3::-1]:
        y += c
        y *= t
    np.square(x, out=t)
    t *= -scale * scale
    np.exp(t, out=t)
    y *= t
    np.subtract(1, y, out=y)
    np.copysign(y, x, out=y)


def _logistic(x: Array, y: Array) -> None:
    np.negative(x, out=y)
    np.exp(y, out=y)
    y += 1
    np.reciprocal(y, out=y)


def sigmoid(x: Array, y: Array, t: Array) -> None:
    _logistic(x, y)


def silu(x: Array, y: Array, t: Array) -> None:
    _logistic(x, y)
    y *= x


def softplus(x: Array, y: Array, t: Array) -> None:
    """With log(1 + …), right to 1e-7 of the largest element, as log1p takes twenty times as long."""
    np.abs(x, out=t)
    np.negative(t, out=t)
    np.exp(t, out=t)
    t += 1
    np.log(t, out=t)
    np.maximum(x, 0, out=y)
    y += t


def elu(x: Array, y: Array, t: Array) -> None:
    """With exp(…) - 1, right to 1e-7, as expm1 takes twenty times as long."""
    np.minimum(x, 0, out=t)
    np.exp(t, out=t)
    t -= 1
    np.maximum(x, 0, out=y)
    y += t


def leaky_relu(x: Array, y: Array, t: Array) -> None:
    np.multiply(x, 0.2, out=y)
    np.maximum(x, y, out=y)


def _distribution(x: Array, y: Array, t: Array) -> None:
    """The Gaussian distribution function."""
    erf(x, y, t, math.sqrt(0.5))
    y += 1
    y *= 0.5


def gelu(x: Array, y: Array, t: Array) -> None:
    _distribution(x, y, t)
    y *= x


def relu_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    np.multiply(g, x > 0, out=y)


def leaky_relu_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    np.multiply(x > 0, np.float32(0.8), out=t)
    t += 0.2
    np.multiply(g, t, out=y)


def elu_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    np.minimum(x, 0, out=t)
    np.exp(t, out=t)
    np.multiply(g, t, out=y)


def clamp_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    np.multiply(g, (x >= -1) & (x <= 1), out=y)


def tanh_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    np.square(x, out=t)
    np.subtract(1, t, out=t)
    np.multiply(g, t, out=y)


def sigmoid_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    np.subtract(1, x, out=t)
    t *= x
    np.multiply(g, t, out=y)


def softplus_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    _logistic(x, y)
    y *= g


def silu_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    """g s (1 + x (1 - s))."""
    _logistic(x, t)
    np.subtract(1, t, out=y)
    y *= x
    y += 1
    y *= t
    y *= g


def gelu_grad(x: Array, g: Array, y: Array, t: Array) -> None:
    _distribution(x, y, t)
    np.square(x, out=t)
    t *= -0.5
    np.exp(t, out=t)
    t *= 1 / math.sqrt(2 * math.pi)
    t *= x
    y += t
    y *= g


def _ufunc(function: Callable[..., Array], *extra: float) -> Form:
    """A ufunc as a form: operands, then numbers, then the result."""
    return lambda *a: function(*a[:-2], *extra, out=a[-2])


UNARY: dict[str, Form] = {
    **{name: _ufunc(getattr(np, name)) for name in ("sign", "square", "sqrt", "reciprocal", "exp", "expm1")},
    **{name: _ufunc(getattr(np, name)) for name in ("log", "log1p", "sin", "cos", "tanh", "abs")},
    "neg": _ufunc(np.negative),
    "relu": _ufunc(np.maximum, 0.0),
    "clamp": _ufunc(np.clip, -1.0, 1.0),
    **{f.__name__: f for f in (erf, sigmoid, silu, softplus, elu, leaky_relu, gelu)},
}

BINARY: dict[str, Form] = {
    "add": _ufunc(np.add),
    "sub": _ufunc(np.subtract),
    "mul": _ufunc(np.multiply),
    "div": _ufunc(np.divide),
    "pow": _ufunc(np.power),
    "maximum": _ufunc(np.maximum),
    "minimum": _ufunc(np.minimum),
    **{f.__name__: f for f in (relu_grad, leaky_relu_grad, elu_grad, clamp_grad, tanh_grad, sigmoid_grad)},
    **{f.__name__: f for f in (softplus_grad, silu_grad, gelu_grad)},
}


def unary(name: str, x: Array, y: Array) -> Callable[[], Array]:
    form, t = UNARY[name], np.empty_like(y)

    def run() -> Array:
        form(x, y, t)
        return y

    return run


def binary(name: str, a: Array, b: Array, y: Array) -> Callable[[], Array]:
    form, t = BINARY[name], np.empty_like(y)

    def run() -> Array:
        form(a, b, y, t)
        return y

    return run
