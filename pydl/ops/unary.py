"""Mathematical functions of one operand.

Each class below is a value or a derivative; a derivative is an operation of its own, so that it can be
differentiated again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import recording
from ..arrays import float32, int64
from ..autograd import Function
from ..backend import Array, array_module, kernels
from ..tensor import Tensor
from . import promotion
from .cast import cast
from .checks import as_number, as_tensor
from .select import where


class Unary(Function):
    """f(x) with options a and b; `keep` says what the backward pass needs."""

    kernel = ""
    keep = "input"

    def __init__(self, a: float = 0.0, b: float = 0.0) -> None:
        self.a, self.b = a, b

    def forward(self, x: Array) -> Array:
        if self.keep == "input":
            self.retain_inputs(0)
        elif self.keep == "output":
            self.retain_outputs(0)
        return getattr(kernels(x), self.kernel)(x, self.a, self.b)


class Derivative(Function):
    """g · f′, from (value, g) where value is the function's input or output."""

    kernel = ""

    def __init__(self, a: float = 0.0, b: float = 0.0) -> None:
        self.a, self.b = a, b

    def forward(self, value: Array, g: Array) -> Array:
        self.retain_inputs(0, 1)
        return getattr(kernels(value), self.kernel)(value, g, self.a, self.b)

    def backward(self, gg: Tensor) -> Any:
        value = self.input(0)
        by_value = self.second(value, self.input(1) * gg) if self.needs[0] else None
        return by_value, type(self)(self.a, self.b)(value, gg) if self.needs[1] else None

    def second(self, value: Tensor, g: Tensor) -> Tensor | None:
        """g · d(f′)/d(value); None where the derivative is constant almost everywhere."""
        return None


class Neg(Unary):
    kernel, keep = "neg", ""

    def backward(self, g: Tensor) -> Tensor:
        return -g


class AbsGrad(Derivative):
    kernel = "abs_grad"


class Abs(Unary):
    kernel = "abs"

    def backward(self, g: Tensor) -> Tensor:
        return AbsGrad()(self.input(0), g)


class Sign(Unary):
    kernel, keep = "sign", ""

    def backward(self, g: Tensor) -> Tensor:
        return g * 0.0


class Square(Unary):
    kernel = "square"

    def backward(self, g: Tensor) -> Tensor:
        return g * (self.input(0) * 2.0)


class Sqrt(Unary):
    kernel, keep = "sqrt", "output"

    def backward(self, g: Tensor) -> Tensor:
        return g / (self.output() * 2.0)


class Reciprocal(Unary):
    kernel, keep = "reciprocal", "output"

    def backward(self, g: Tensor) -> Tensor:
        return -g * square(self.output())


class Exp(Unary):
    kernel, keep = "exp", "output"

    def backward(self, g: Tensor) -> Tensor:
        return g * self.output()


class Expm1(Unary):
    kernel, keep = "expm1", "output"

    def backward(self, g: Tensor) -> Tensor:
        return g * (self.output() + 1.0)


class Log(Unary):
    kernel = "log"

    def backward(self, g: Tensor) -> Tensor:
        return g / self.input(0)


class Log1p(Unary):
    kernel = "log1p"

    def backward(self, g: Tensor) -> Tensor:
        return g / (self.input(0) + 1.0)


class Sin(Unary):
    kernel = "sin"

    def backward(self, g: Tensor) -> Tensor:
        return g * cos(self.input(0))


class Cos(Unary):
    kernel = "cos"

    def backward(self, g: Tensor) -> Tensor:
        return -g * sin(self.input(0))


class Erf(Unary):
    kernel = "erf"

    def backward(self, g: Tensor) -> Tensor:
        return g * (exp(-square(self.input(0))) * (2 / math.sqrt(math.pi)))


class TanhGrad(Derivative):
    kernel = "tanh_grad"

    def second(self, y: Tensor, g: Tensor) -> Tensor:
        return g * (y * -2.0)


class Tanh(Unary):
    kernel, keep = "tanh", "output"

    def backward(self, g: Tensor) -> Tensor:
        return TanhGrad()(self.output(), g)


class SigmoidGrad(Derivative):
    kernel = "sigmoid_grad"

    def second(self, y: Tensor, g: Tensor) -> Tensor:
        return g * (1.0 - y * 2.0)


class Sigmoid(Unary):
    kernel, keep = "sigmoid", "output"

    def backward(self, g: Tensor) -> Tensor:
        return SigmoidGrad()(self.output(), g)


class ClampGrad(Derivative):
    kernel = "clamp_grad"


class Limit(Unary):
    """x limited to [a, b]; a gradient at NaN goes through."""

    kernel = "clamp"

    def backward(self, g: Tensor) -> Tensor:
        return ClampGrad(self.a, self.b)(self.input(0), g)


class Clamp(Limit):
    """The gradient at NaN is 0, as PyTorch's."""

    def backward(self, g: Tensor) -> Tensor:
        return at_nan(self.input(0), super().backward(g), 0.0)


def at_nan(x: Tensor, g: Tensor, value: float) -> Tensor:
    """The gradient g, but `value` where x is NaN."""
    strange = x._data != x._data
    if recording.recorder() is None and not strange.any():
        return g
    return where(Tensor._wrap(strange), value, g)


class Log2(Function):
    """The exponent split off and the logarithm of the rest, in [√½, √2): powers of two are exact."""

    def forward(self, x: Array) -> Array:
        self.retain_inputs(0)
        xp = array_module(x)
        part, exponent = xp.frexp(x)
        low = part < math.sqrt(0.5)
        part, exponent = xp.where(low, part * 2, part), exponent - low
        return (kernels(x).log(part, 0.0, 0.0) * (1 / math.log(2)) + exponent).astype(x.dtype, copy=False)

    def backward(self, g: Tensor) -> Tensor:
        return g / (self.input(0) * math.log(2))


def _same_kind(function: str, node: type[Unary], input: Any) -> Tensor:
    """Integers stay integers."""
    input = as_tensor(function, input)
    if input.dtype.kind == "f":
        return node()(input)
    xp = array_module(input._data)
    if function == "neg" and input.dtype.kind == "b":
        raise TypeError("[neg] expected numbers, got a bool tensor; use ~")
    return Tensor._wrap(xp.asarray(getattr(xp, {"neg": "negative"}.get(function, function))(input._data)))


def neg(input: Tensor) -> Tensor:
    """-x."""
    return _same_kind("neg", Neg, input)


def abs(input: Tensor) -> Tensor:
    """|x|; the gradient at 0 is 0."""
    return _same_kind("abs", Abs, input)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1; the gradient is 0. Bool tensors are their own signs."""
    if as_tensor("sign", input).dtype.kind == "b":
        return input.clone()
    return _same_kind("sign", Sign, input)


def square(input: Tensor) -> Tensor:
    """x²; of bool, as int64."""
    if as_tensor("square", input).dtype.kind == "b":
        input = cast(input, int64)
    return _same_kind("square", Square, input)


def _as_float(function: str, input: Any) -> Tensor:
    """Integers become float32, as in PyTorch."""
    input = as_tensor(function, input)
    return input if input.dtype.kind == "f" else cast(input, float32)


def sqrt(input: Tensor) -> Tensor:
    """√x; NaN below 0."""
    return Sqrt()(_as_float("sqrt", input))


def rsqrt(input: Tensor) -> Tensor:
    """1/√x."""
    return reciprocal(sqrt(input))


def reciprocal(input: Tensor) -> Tensor:
    """1/x."""
    return Reciprocal()(_as_float("reciprocal", input))


def exp(input: Tensor) -> Tensor:
    """eˣ."""
    return Exp()(_as_float("exp", input))


def expm1(input: Tensor) -> Tensor:
    """eˣ - 1, exact for small x."""
    return Expm1()(_as_float("expm1", input))


def log(input: Tensor) -> Tensor:
    """Natural logarithm; -inf at 0, NaN below."""
    return Log()(_as_float("log", input))


def log2(input: Tensor) -> Tensor:
    """Logarithm to base 2."""
    return Log2()(_as_float("log2", input))


def log1p(input: Tensor) -> Tensor:
    """log(1 + x), exact for small x."""
    return Log1p()(_as_float("log1p", input))


def sin(input: Tensor) -> Tensor:
    """Sine of x radians."""
    return Sin()(_as_float("sin", input))


def cos(input: Tensor) -> Tensor:
    """Cosine of x radians."""
    return Cos()(_as_float("cos", input))


def erf(input: Tensor) -> Tensor:
    """Error function, 2/√π ∫₀ˣ exp(-t²) dt."""
    return Erf()(_as_float("erf", input))


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return Tanh()(_as_float("tanh", input))


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return Sigmoid()(_as_float("sigmoid", input))


def clamp(input: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """x limited to [min, max]; the gradient is 1 inside and on the bounds."""
    if min is None and max is None:
        raise ValueError("[clamp] expected min or max, got neither")
    low = -math.inf if min is None else as_number("clamp", "min", min)
    high = math.inf if max is None else as_number("clamp", "max", max)
    input = as_tensor("clamp", input)
    if input.dtype.kind != "f" and any(isinstance(x, (float, np.floating)) for x in (min, max)):
        input = cast(input, float32)
    if input.dtype.kind != "f":
        limits = [x if x is None else promotion.fits("clamp", x, input.dtype) for x in (min, max)]
        return Tensor._wrap(array_module(input._data).clip(input._data, *limits))
    return Clamp(low, high)(input)
