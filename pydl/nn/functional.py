"""The operations of neural networks as functions, with PyTorch's signatures.

Where a function has `inplace`, the input tensor itself becomes the result, as in PyTorch; a leaf that requires grad
cannot.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..ops import (
    adaptive_avg_pool2d,
    avg_pool2d,
    batch_norm,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    conv1d,
    conv2d,
    conv_transpose2d,
    cross_entropy,
    dropout,
    dropout2d,
    embedding,
    glu,
    huber_loss,
    interpolate,
    l1_loss,
    linear,
    logsigmoid,
    max_pool2d,
    mse_loss,
    nll_loss,
    one_hot,
    pixel_shuffle,
    pixel_unshuffle,
    prelu,
    sigmoid,
    smooth_l1_loss,
    softplus,
    softsign,
    sum_pool2d,
    tanh,
    tanhshrink,
)
from ..ops.inplace import become
from ..ops.resize import pad_with
from ..tensor import Tensor


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Padding (left, right, top, bottom, …) from the last dimension; negative widths crop in mode "constant".

    mode: "constant" (`value`, 0 by default), "reflect", "replicate" or "circular".
    """
    if mode == "constant":
        return ops.pad(input, pad, value=0.0 if value is None else value)
    return pad_with(input, pad, mode)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    output = ops.relu(input)
    return become("relu", input, output) if inplace else output


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    output = ops.relu6(input)
    return become("relu6", input, output) if inplace else output


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, negative_slope · x below."""
    output = ops.leaky_relu(input, negative_slope)
    return become("leaky_relu", input, output) if inplace else output


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha · (eˣ - 1) below."""
    output = ops.elu(input, alpha)
    return become("elu", input, output) if inplace else output


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """The self-normalising exponential unit of Klambauer et al. 2017."""
    output = ops.selu(input)
    return become("selu", input, output) if inplace else output


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha · (exp(x / alpha) - 1) below."""
    output = ops.celu(input, alpha)
    return become("celu", input, output) if inplace else output


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x)."""
    output = ops.silu(input)
    return become("silu", input, output) if inplace else output


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(softplus(x))."""
    output = ops.mish(input)
    return become("mish", input, output) if inplace else output


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · relu6(x + 3) / 6."""
    output = ops.hardswish(input)
    return become("hardswish", input, output) if inplace else output


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6."""
    output = ops.hardsigmoid(input)
    return become("hardsigmoid", input, output) if inplace else output


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]."""
    output = ops.hardtanh(input, min_val, max_val)
    return become("hardtanh", input, output) if inplace else output


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x · Φ(x), or with "tanh" x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) (Hendrycks and Gimpel 2016)."""
    if approximate == "none":
        return ops.gelu(input)
    if approximate != "tanh":
        raise ValueError(f'[gelu] expected approximate "none" or "tanh", got {approximate!r}')
    x = ops.clamp(input, min=-1e5)
    return x * 0.5 * (1.0 + ops.tanh((x + x**3 * 0.044715) * math.sqrt(2 / math.pi)))


def _dim(function: str, input: Tensor, dim: int | None) -> int:
    if dim is not None:
        return dim
    chosen = 0 if input.ndim in (0, 1, 3) else 1
    warnings.warn(f"[{function}] expected dim, got none: dimension {chosen} is taken", UserWarning, stacklevel=3)
    return chosen


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) / Σ exp(x) along `dim`; the input is first converted to `dtype` where one is given."""
    dim = _dim("softmax", input, dim)
    return ops.softmax(input if dtype is None else input.to(dtype), dim)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along `dim`, exact for large x."""
    dim = _dim("log_softmax", input, dim)
    return ops.log_softmax(input if dtype is None else input.to(dtype), dim)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-x)."""
    return softmax(-input, _dim("softmin", input, dim), dtype=dtype)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(‖x‖ₚ, eps) along `dim`."""
    return input / ops.clamp(ops.norm(input, p, dim, keepdim=True), min=eps)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along `dim`."""
    first, second = (ops.clamp(ops.norm(x, 2, dim), min=eps) for x in (x1, x2))
    return (x1 * x2).sum(dim) / (first * second)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """‖x1 - x2 + eps‖ₚ along the last dimension."""
    return ops.norm(x1 - x2 + eps, p, -1, keepdim)


def upsample(input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest") -> Tensor:
    """`interpolate`, under its older name."""
    return ops.interpolate(input, size, scale_factor, mode)
