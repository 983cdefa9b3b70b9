"""Dropout: random elements or channels become zero, the rest are scaled so that the mean stays.

Srivastava et al. 2014 in the inverted form: y = x · mask / (1 - p) in training, y = x otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from ..autograd import Function
from ..random import draw_mask
from ..tensor import Tensor
from .inplace import assign


class ApplyMask(Function):
    """y = mask ? x · scale : 0; its gradient is itself."""

    def __init__(self, mask: Any, scale: float) -> None:
        self.mask, self.scale = mask, scale

    def forward(self, x: Any) -> Any:
        return backend.kernels(x).apply_mask(x, self.mask, self.scale)

    def backward(self, g: Tensor) -> Tensor:
        return ApplyMask(self.mask, self.scale)(g)


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero each element with probability p and scale the others by 1/(1 - p); p = 1 gives zeros.

    Which elements depends on the default generator and on positions, not on the memory layout.
    """
    return _drop("dropout", input, input.shape if isinstance(input, Tensor) else (), p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero whole channels of an input (N, C, H, W) with probability p; the others are scaled by 1/(1 - p)."""
    if isinstance(input, Tensor) and input.ndim != 4:
        raise ValueError(f"[dropout2d] expected input of shape (N, C, H, W), got {input.shape}")
    shape = (*input.shape[:2], 1, 1) if isinstance(input, Tensor) else ()
    return _drop("dropout2d", input, shape, p, training, inplace)


def _drop(function: str, x: Tensor, shape: tuple, p: float, training: bool, inplace: bool) -> Tensor:
    if not isinstance(x, Tensor) or x.dtype.kind != "f":
        got = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"[{function}] expected input of dtype float32 or float64, got {got}")
    if isinstance(p, bool) or not isinstance(p, (int, float, np.integer, np.floating)):
        raise TypeError(f"[{function}] expected p as a number, got {type(p).__name__}")
    if not 0 <= p <= 1:
        raise ValueError(f"[{function}] expected p in [0, 1], got {p}")
    if not training or p == 0:
        return x
    mask = backend.to_device(draw_mask(function, shape, 1.0 - float(p)), x.device)
    result = ApplyMask(mask, 1.0 / (1.0 - float(p)) if p < 1 else 0.0)(x)
    return assign(function, x, result) if inplace else result
