"""Checks of an optimizer's options, made before anything is changed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor


def check_number(function: str, name: str, value: Any, low: float, high: float = math.inf, closed: bool = True) -> None:
    """A finite number in [low, high], or [low, high) unless `closed`."""
    if type(value) is float and low <= value < high:  # the usual case; neither infinite nor NaN
        return
    if isinstance(value, Tensor) and value.numel() == 1 and value.dtype.kind in "fi":
        value = value._data.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"[{function}] expected {name} as a number, got {type(value).__name__}")
    if not math.isfinite(value) or not low <= value <= high or (value == high and not closed):
        limit = f"finite and >= {low}" if high == math.inf else f"in [{low}, {high}{']' if closed else ')'}"
        raise ValueError(f"[{function}] expected {name} {limit}, got {value}")


def check_betas(function: str, betas: Any) -> None:
    """Two numbers in [0, 1)."""
    if not isinstance(betas, (tuple, list)):
        raise TypeError(f"[{function}] expected betas as two numbers, got {type(betas).__name__}")
    if len(betas) != 2:
        raise ValueError(f"[{function}] expected betas as two numbers, got {len(betas)}")
    for i, beta in enumerate(betas):
        check_number(function, f"betas[{i}]", beta, 0, 1, closed=False)


def check_flags(function: str, group: dict[str, Any], *names: str) -> None:
    """True or False."""
    for name in names:
        if not isinstance(group[name], (bool, np.bool_)):
            raise TypeError(f"[{function}] expected {name} to be True or False, got {group[name]!r}")


def refuse_modes(function: str, capturable: Any, differentiable: Any) -> None:
    """PyTorch's modes of an optimizer, which are not supported here."""
    for name, value in (("capturable", capturable), ("differentiable", differentiable)):
        if value:
            raise ValueError(f"[{function}] expected {name}=False, got {value!r}")


def check_parameters(function: str, params: Any) -> list[Tensor]:
    """Leaves of float32 or float64, each once, as a list."""
    if isinstance(params, Tensor):
        params = [params]
    if isinstance(params, (set, frozenset)):
        raise TypeError(f"[{function}] expected parameters in an order of their own, got a set")
    try:
        result = list(params)
    except TypeError:
        raise TypeError(f"[{function}] expected an iterable of tensors, got {type(params).__name__}") from None
    if not result:
        raise ValueError(f"[{function}] expected at least one parameter, got an empty list")
    for i, parameter in enumerate(result):
        if not isinstance(parameter, Tensor):
            raise TypeError(f"[{function}] expected tensors as parameters, got {type(parameter).__name__} at {i}")
        if parameter.dtype.kind != "f":
            raise TypeError(f"[{function}] expected parameters of floats, got {parameter.dtype} at {i}")
        if not parameter.is_leaf:
            raise ValueError(f"[{function}] expected leaves as parameters, got the result of an operation at {i}")
    return result


def check_gradient(function: str, parameter: Tensor) -> None:
    """A gradient that can be applied to `parameter`, and a parameter that can be changed."""
    gradient = parameter.grad
    if type(gradient) is Tensor and isinstance(gradient._data, np.ndarray):
        g, p = gradient._data, parameter._data
        if g.shape == p.shape and g.dtype is p.dtype and isinstance(p, np.ndarray) and p.flags.writeable:
            return
    if not isinstance(gradient, Tensor):
        raise TypeError(f"[{function}] expected grad as a tensor, got {type(gradient).__name__}")
    if gradient.shape != parameter.shape or gradient.dtype != parameter.dtype or gradient.device != parameter.device:
        raise ValueError(
            f"[{function}] expected grad of shape {parameter.shape}, {parameter.dtype} on {parameter.device}, "
            f"got {gradient.shape}, {gradient.dtype} on {gradient.device}"
        )
    flags = parameter._data.flags
    if not getattr(flags, "writeable", True):
        raise ValueError(f"[{function}] expected a parameter that may be written, got a read-only array")
