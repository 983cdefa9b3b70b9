"""Clipping of gradients, before an optimizer's step, and spectral normalisation of weights."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import ops, recording
from ..backend import array_module, kernels
from ..tensor import Tensor
from .spectral import spectral_norm

__all__ = ["clip_grad_norm_", "clip_grad_value_", "spectral_norm"]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by max_norm / norm where their norm, taken as one vector, exceeds max_norm.

    norm_type is p of the norm (Σ|g|ᵖ)^(1/p), or inf. Returns the norm before clipping, a scalar; RuntimeError for one
    that is not finite, with error_if_nonfinite. Pascanu, Mikolov and Bengio 2013, algorithm 1.
    """
    grads = _gradients("clip_grad_norm_", parameters)
    limit = _limit("clip_grad_norm_", "max_norm", max_norm)
    order = _limit("clip_grad_norm_", "norm_type", norm_type)
    if order == 0:
        raise ValueError("[clip_grad_norm_] expected norm_type > 0, got 0")
    if not grads:
        return Tensor._wrap(np.zeros((), np.float32))
    if order == 2 and not error_if_nonfinite and grads[0].device == "cpu":
        norm = Tensor._wrap(kernels(grads[0]._data).clip_norm([g._data for g in grads], limit))
        for grad in grads:
            grad._shared_version().count += 1
        return norm
    total = _norm(grads, order)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(f"[clip_grad_norm_] expected gradients of a finite norm, got {total}")
    factor = limit / (total + 1e-6)
    if not factor >= 1:  # NaN too: a norm that is not a number leaves no number behind
        for grad in grads:
            kernels(grad._data).mul(grad._data, factor, out=grad._data)
            grad._shared_version().count += 1
    return Tensor._wrap(array_module(grads[0]._data).asarray(total, grads[0].dtype))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Limit every element of every gradient to [-clip_value, clip_value]."""
    grads = _gradients("clip_grad_value_", parameters)
    limit = _limit("clip_grad_value_", "clip_value", clip_value)
    for grad in grads:
        kernels(grad._data).clamp(grad._data, -limit, limit, out=grad._data)
        grad._shared_version().count += 1


def _gradients(function: str, parameters: Any) -> list[Tensor]:
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for i, parameter in enumerate(parameters):
        if not isinstance(parameter, Tensor):
            raise TypeError(f"[{function}] expected tensors, got {type(parameter).__name__} at {i}")
    if recording.running:
        recording.tell("watch_grads", parameters)
    return [p.grad.detach() for p in parameters if p.grad is not None]


def _limit(function: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"[{function}] expected {name} as a number, got {type(value).__name__}")
    if not value >= 0:
        raise ValueError(f"[{function}] expected {name} >= 0, got {value}")
    return float(value)


def _norm(grads: list[Tensor], order: float) -> float:
    """In each tensor's precision, and in float64 across tensors."""
    if order == math.inf:
        figures = [float(ops.amax(ops.abs(g)).item()) for g in grads if g.numel()]
        return math.nan if any(math.isnan(f) for f in figures) else max(figures, default=0.0)
    if order == 2:
        return math.sqrt(sum(float(kernels(g._data).sum_squares(g._data)) for g in grads))
    return sum(float(ops.sum(ops.pow(ops.abs(g), order)).item()) for g in grads) ** (1.0 / order)
