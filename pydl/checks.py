"""Checks of integers and numbers that are given as arguments; errors read `[function] expected name to be …, got …`."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np


def integer(function: str, name: str, value: Any, low: int, high: int | None = None) -> int:
    """`value` as an int in low … high; TypeError unless an integer (no bool), ValueError outside the range."""
    wanted = f"an integer >= {low}" if high is None else f"an integer in {low} … {high}"
    try:
        result = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        result = None
    if result is None:
        raise TypeError(f"[{function}] expected {name} to be {wanted}, got {type(value).__name__}")
    if result < low or (high is not None and result > high):
        raise ValueError(f"[{function}] expected {name} to be {wanted}, got {result}")
    return result


def number(
    function: str, name: str, value: Any, low: float = -math.inf, high: float = math.inf,
    *, finite: bool = False, above: bool = False, below: bool = False,
) -> float:  # fmt: skip
    """`value` as a number in [low, high], without low where `above` and without high where `below` is set.

    Never NaN, and not infinite if `finite`. TypeError for what is no number (a bool is none, a tensor without
    dimensions is one), ValueError outside the range.
    """
    wanted = _wanted(low, high, finite, above, below)
    if not _is_number(value):
        raise TypeError(f"[{function}] expected {name} to be {wanted}, got {type(value).__name__}")
    result = value if isinstance(value, (int, float)) else float(value)
    outside = not low <= result <= high or (above and result == low) or (below and result == high)
    if outside or (finite and abs(result) == math.inf):
        raise ValueError(f"[{function}] expected {name} to be {wanted}, got {result}")
    return result


def _is_number(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    real = dtype is None or dtype.kind in "iuf"
    return hasattr(value, "__float__") and not isinstance(value, bool) and real and not getattr(value, "ndim", 0)


def _wanted(low: float, high: float, finite: bool, above: bool, below: bool) -> str:
    if high < math.inf:
        return f"a number in {'(' if above else '['}{low:g}, {high:g}{')' if below else ']'}"
    kind = "a finite number" if finite else "a number"
    return kind if low == -math.inf else f"{kind} {'>' if above else '>='} {low:g}"
