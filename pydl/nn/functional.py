"""The operations of neural networks as functions, with PyTorch's signatures.

Where a function has `inplace`, the input tensor itself becomes the result, as in PyTorch; a leaf that requires grad
cannot.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..ops import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
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
    gelu,
    glu,
    group_norm,
    huber_loss,
    instance_norm,
    interpolate,
    l1_loss,
    layer_norm,
    linear,
    local_response_norm,
    logsigmoid,
    max_pool2d,
    max_unpool2d,
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
from ..ops.checks import as_tensor
from ..ops.inplace import become
from ..ops.loss import check_replaced, check_tensors
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
    return become("relu", input, ops.relu) if inplace else ops.relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return become("relu6", input, ops.relu6) if inplace else ops.relu6(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, negative_slope · x below."""
    return (
        become("leaky_relu", input, ops.leaky_relu, negative_slope)
        if inplace
        else ops.leaky_relu(input, negative_slope)
    )


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha · (eˣ - 1) below."""
    return become("elu", input, ops.elu, alpha) if inplace else ops.elu(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """The self-normalising exponential unit of Klambauer et al. 2017."""
    return become("selu", input, ops.selu) if inplace else ops.selu(input)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, alpha · (exp(x / alpha) - 1) below."""
    return become("celu", input, ops.celu, alpha) if inplace else ops.celu(input, alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x · sigmoid(x)."""
    return become("silu", input, ops.silu) if inplace else ops.silu(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · tanh(softplus(x))."""
    return become("mish", input, ops.mish) if inplace else ops.mish(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x · relu6(x + 3) / 6."""
    return become("hardswish", input, ops.hardswish) if inplace else ops.hardswish(input)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6."""
    return become("hardsigmoid", input, ops.hardsigmoid) if inplace else ops.hardsigmoid(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]."""
    return (
        become("hardtanh", input, ops.hardtanh, min_val, max_val) if inplace else ops.hardtanh(input, min_val, max_val)
    )


def relu_(input: Tensor) -> Tensor:
    """`relu` in place."""
    return relu(input, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu` in place."""
    return elu(input, alpha, inplace=True)


def selu_(input: Tensor) -> Tensor:
    """`selu` in place."""
    return selu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu` in place."""
    return celu(input, alpha, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def _dim(function: str, input: Tensor, dim: int | None, stacklevel: int = 3) -> int:
    as_tensor(function, input)
    if dim is not None:
        return dim
    chosen = 0 if input.ndim in (0, 1, 3) else 1
    warnings.warn(f"[{function}] expected dim, got none: dimension {chosen} is taken", UserWarning, stacklevel)
    return chosen


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """exp(x) / Σ exp(x) along `dim`; the input is first converted to `dtype` where one is given."""
    dim = _dim("softmax", input, dim, _stacklevel)
    return ops.softmax(input if dtype is None else input.to(dtype), dim)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """log(softmax(x)) along `dim`, exact for large x."""
    dim = _dim("log_softmax", input, dim, _stacklevel)
    return ops.log_softmax(input if dtype is None else input.to(dtype), dim)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """softmax(-x)."""
    return softmax(-input, _dim("softmin", input, dim, _stacklevel), dtype=dtype)


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


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None
) -> Tensor:
    """`interpolate`, under its older name."""
    return ops.interpolate(input, size, scale_factor, mode, align_corners)


def kl_div(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:  # fmt: skip
    """t · (log(t) - input), 0 where t = 0, for log-probabilities as input; "batchmean" is the sum / input.size(0)."""
    check_tensors("kl_div", input=input, target=target)
    check_replaced("kl_div", size_average, reduce)
    if reduction not in ("mean", "batchmean", "sum", "none"):
        raise ValueError(f'[kl_div] expected reduction "mean", "batchmean", "sum" or "none", got {reduction!r}')
    if log_target:
        loss = ops.exp(target) * (target - input)
    else:
        zero = ops.eq(target, 0)
        loss = target * (ops.log(ops.where(zero, 1.0, target)) - input)
    if reduction == "none":
        return loss
    total = loss.sum()
    return total if reduction == "sum" else total / (loss.numel() if reduction == "mean" else input.shape[0])
