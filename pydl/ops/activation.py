"""Activations made of other operations."""

from __future__ import annotations

import math
from typing import Any

from ..tensor import Tensor
from .select import where
from .unary import abs, clamp, elu, relu, sigmoid, softplus, tanh


def _checked(function: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"[{function}] expected input to be a tensor, got {type(input).__name__}")
    if input.dtype.kind != "f":
        raise TypeError(f"[{function}] expected input of dtype float32 or float64, got {input.dtype}")
    return input


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """x limited to [min_val, max_val]; unlike clamp's, the gradient on the bounds is 0."""
    if not min_val <= max_val:
        raise ValueError(f"[hardtanh] expected min_val <= max_val, got {min_val} and {max_val}")
    x = _checked("hardtanh", input)
    return where((x <= min_val) | (x >= max_val), clamp(x.detach(), float(min_val), float(max_val)), x)


def relu6(input: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return hardtanh(input, 0.0, 6.0)


def hardsigmoid(input: Tensor) -> Tensor:
    """relu6(x + 3) / 6."""
    return relu6(_checked("hardsigmoid", input) + 3.0) / 6.0


def hardswish(input: Tensor) -> Tensor:
    """x · relu6(x + 3) / 6 (Howard et al. 2019), and its limit -0 at -inf."""
    return clamp(_checked("hardswish", input), -3.0, math.inf) * hardsigmoid(input)


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|), and its limits ±1 at ±inf."""
    x = clamp(_checked("softsign", input), -1e30, 1e30)
    return x / (abs(x) + 1.0)


def mish(input: Tensor) -> Tensor:
    """x · tanh(softplus(x)) (Misra 2019), and its limit -0 at -inf."""
    x = clamp(_checked("mish", input), -1e30, math.inf)
    return x * tanh(softplus(x))


def selu(input: Tensor) -> Tensor:
    """scale · elu(x, alpha), with the constants of Klambauer et al. 2017."""
    return elu(_checked("selu", input), 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """x above 0, alpha · (exp(x / alpha) - 1) below (Barron 2017)."""
    if alpha == 0:
        raise ValueError("[celu] expected alpha != 0, got 0")
    return elu(_checked("celu", input) / float(alpha)) * float(alpha)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return _checked("tanhshrink", input) - tanh(input)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a · sigmoid(b), where a and b are the halves of the input along `dim` (Dauphin et al. 2017)."""
    size = _checked("glu", input).size(dim)
    if size % 2:
        raise ValueError(f"[glu] expected an even size in dim {dim}, got {size}")
    a, b = input.split(size // 2, dim) if size else (input, input)
    return a * sigmoid(b)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, weight · x below; one weight, or one a channel (dim 1) (He et al. 2015)."""
    channels = _checked("prelu", input).shape[1] if input.ndim > 1 else 1
    if weight.numel() not in (1, channels):
        raise ValueError(f"[prelu] expected 1 or {channels} weights for input {input.shape}, got {weight.shape}")
    shape = (-1,) + (1,) * (input.ndim - 2) if weight.numel() > 1 else (1,) * input.ndim
    return relu(input) - weight.reshape(shape) * relu(-input)
