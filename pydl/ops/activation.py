"""Activations: those with kernels of their own, then those made of other operations."""

from __future__ import annotations

import math
from typing import Any

from ..autograd import Function
from ..backend import Array, kernels
from ..tensor import Tensor
from .checks import as_number, as_tensor
from .dims import check_dim
from .reduce import sum_to
from .select import masked, where
from .unary import Derivative, Limit, Unary, abs, at_nan, exp, sigmoid, square, tanh


class ReluGrad(Derivative):
    kernel = "relu_grad"


class Relu(Unary):
    kernel, keep = "relu", "output"

    def backward(self, g: Tensor) -> Tensor:
        return ReluGrad()(self.output(), g)


class LeakyReluGrad(Derivative):
    kernel = "leaky_relu_grad"


class LeakyRelu(Unary):
    kernel = "leaky_relu"

    def backward(self, g: Tensor) -> Tensor:
        return LeakyReluGrad(self.a)(self.input(0), g)


class EluGrad(Derivative):
    kernel = "elu_grad"

    def second(self, x: Tensor, g: Tensor) -> Tensor:
        return masked(EluGrad(self.a)(x, g), x._data < 0)  # 0 at the kink, as PyTorch's


class Elu(Unary):
    kernel = "elu"

    def backward(self, g: Tensor) -> Tensor:
        x = self.input(0)
        return at_nan(x, EluGrad(self.a)(x, g), math.nan)


class SoftplusGrad(Derivative):
    kernel = "softplus_grad"

    def second(self, x: Tensor, g: Tensor) -> Tensor:
        s = sigmoid(x * self.a)
        return masked(g * (s * (1.0 - s) * self.a), x._data * self.a < self.b)  # 0 at the threshold


class Softplus(Unary):
    kernel = "softplus"

    def backward(self, g: Tensor) -> Tensor:
        return SoftplusGrad(self.a, self.b)(self.input(0), g)


class SiluGrad(Derivative):
    kernel = "silu_grad"

    def second(self, x: Tensor, g: Tensor) -> Tensor:
        s = sigmoid(x)
        return g * (s * (1.0 - s) * (2.0 + x * (1.0 - s * 2.0)))


class Silu(Unary):
    kernel = "silu"

    def backward(self, g: Tensor) -> Tensor:
        return SiluGrad()(self.input(0), g)


class GeluGrad(Derivative):
    kernel = "gelu_grad"

    def second(self, x: Tensor, g: Tensor) -> Tensor:
        squared = square(x)
        return g * (exp(squared * -0.5) * (2.0 - squared) * (1 / math.sqrt(2 * math.pi)))


class Gelu(Unary):
    kernel = "gelu"

    def backward(self, g: Tensor) -> Tensor:
        return GeluGrad()(self.input(0), g)


class HardtanhGrad(Derivative):
    kernel = "hardtanh_grad"


class Hardtanh(Unary):
    kernel = "clamp"

    def backward(self, g: Tensor) -> Tensor:
        return HardtanhGrad(self.a, self.b)(self.input(0), g)


class HardsigmoidGrad(Derivative):
    kernel = "hardsigmoid_grad"


class Hardsigmoid(Unary):
    kernel = "hardsigmoid"

    def backward(self, g: Tensor) -> Tensor:
        return HardsigmoidGrad()(self.input(0), g)


class HardswishGrad(Derivative):
    kernel = "hardswish_grad"

    def second(self, x: Tensor, g: Tensor) -> Tensor:
        return HardtanhGrad(-3.0, 3.0)(x, g / 3.0)


class Hardswish(Unary):
    kernel = "hardswish"

    def backward(self, g: Tensor) -> Tensor:
        return HardswishGrad()(self.input(0), g)


class PRelu(Function):
    """x above 0, weight · x elsewhere; they broadcast."""

    def forward(self, x: Array, weight: Array) -> Array:
        self.retain_inputs(0, 1)
        return kernels(x).prelu(x, weight)

    def backward(self, g: Tensor) -> Any:
        x, weight = self.input(0), self.input(1)
        above = x._data > 0
        by_x = where(Tensor._wrap(above), g, g * weight) if self.needs[0] else None
        return by_x, sum_to(g * masked(x, ~above), weight.shape) if self.needs[1] else None


def relu(input: Tensor) -> Tensor:
    """max(x, 0); the derivative at 0 is 0. NaN stays NaN."""
    return Relu()(as_tensor("relu", input))


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x above 0, negative_slope · x below (Maas, Hannun and Ng 2013)."""
    return LeakyRelu(as_number("leaky_relu", "negative_slope", negative_slope))(as_tensor("leaky_relu", input))


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha · (eˣ - 1) below (Clevert et al. 2016, eq. 15)."""
    return Elu(as_number("elu", "alpha", alpha))(as_tensor("elu", input))


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta · x)) / beta, and x itself where beta · x > threshold."""
    beta = as_number("softplus", "beta", beta)
    if beta <= 0:
        raise ValueError(f"[softplus] expected beta > 0, got {beta}")
    return Softplus(beta, as_number("softplus", "threshold", threshold))(as_tensor("softplus", input))


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + e⁻ˣ)) = -softplus(-x)."""
    return -softplus(-input, threshold=math.inf)


def silu(input: Tensor) -> Tensor:
    """x · sigmoid(x) (Elfwing et al. 2018)."""
    return Silu()(as_tensor("silu", input))


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x · Φ(x), with the normal distribution function Φ (Hendrycks and Gimpel 2016, eq. 1).

    With approximate="tanh" x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
    """
    if approximate == "none":
        return Gelu()(as_tensor("gelu", input))
    if approximate != "tanh":
        raise ValueError(f'[gelu] expected approximate "none" or "tanh", got {approximate!r}')
    # Beyond ±1e5 tanh has long been ±1: the cube and its slopes, which would overflow, are not taken there. Below, x
    # itself is limited too, as it is to be multiplied by 0.
    x, inner = Limit(-1e5, math.inf)(_checked("gelu", input)), Limit(-1e5, 1e5)(input)
    return x * 0.5 * (1.0 + tanh((inner + inner**3 * 0.044715) * math.sqrt(2 / math.pi)))


def _checked(function: str, input: Any) -> Tensor:
    if as_tensor(function, input).dtype.kind != "f":
        raise TypeError(f"[{function}] expected input of dtype float32 or float64, got {input.dtype}")
    return input


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x limited to [min_val, max_val]; unlike clamp's, the gradient on the bounds is 0."""
    low, high = as_number("hardtanh", "min_val", min_val), as_number("hardtanh", "max_val", max_val)
    if not low <= high:
        raise ValueError(f"[hardtanh] expected min_val <= max_val, got {min_val} and {max_val}")
    return Hardtanh(low, high)(_checked("hardtanh", input))


def relu6(input: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0)


def hardsigmoid(input: Tensor) -> Tensor:
    """relu6(x + 3) / 6."""
    return Hardsigmoid()(_checked("hardsigmoid", input))


def hardswish(input: Tensor) -> Tensor:
    """x · relu6(x + 3) / 6 (Howard et al. 2019), and its limit -0 at -inf."""
    return Hardswish()(_checked("hardswish", input))


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|), and its limits ±1 at ±inf."""
    x = Limit(-1e30, 1e30)(_checked("softsign", input))
    return x / (abs(x) + 1.0)


def mish(input: Tensor) -> Tensor:
    """x · tanh(softplus(x)) (Misra 2019), and its limit -0 at -inf."""
    x = Limit(-1e30, math.inf)(_checked("mish", input))
    return x * tanh(softplus(x))


def selu(input: Tensor) -> Tensor:
    """scale · elu(x, alpha), with the constants of Klambauer et al. 2017."""
    return elu(_checked("selu", input), 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha · (exp(x / alpha) - 1) below (Barron 2017)."""
    alpha = as_number("celu", "alpha", alpha)
    if alpha == 0:
        raise ValueError("[celu] expected alpha != 0, got 0")
    return elu(_checked("celu", input) / alpha) * alpha


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return _checked("tanhshrink", input) - tanh(input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a · sigmoid(b), where a and b are the halves of the input along `dim` (Dauphin et al. 2017)."""
    if _checked("glu", input).ndim == 0:
        raise ValueError("[glu] expected input with dimensions, got a scalar")
    size = input.shape[check_dim("glu", dim, input.ndim)]
    if size % 2:
        raise ValueError(f"[glu] expected an even size in dim {dim}, got {size}")
    a, b = input.split(size // 2, dim) if size else (input, input)
    return a * sigmoid(b)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, weight · x below; one weight, or one a channel (dim 1) (He et al. 2015)."""
    channels = input.shape[1] if _checked("prelu", input).ndim > 1 else 1
    as_tensor("prelu", weight, "weight")
    if weight.numel() not in (1, channels):
        raise ValueError(f"[prelu] expected 1 or {channels} weights for input {input.shape}, got {weight.shape}")
    shape = (-1,) + (1,) * (input.ndim - 2) if weight.numel() > 1 else (1,) * input.ndim
    if weight.dtype != input.dtype:
        raise TypeError(f"[prelu] expected weight of dtype {input.dtype}, got {weight.dtype}")
    return PRelu()(input, weight.reshape(shape))
