"""Checks of the arguments of layers."""

from __future__ import annotations

from typing import Any

import numpy as np


def integer(function: str, name: str, value: Any, low: int = 1) -> int:
    """`value` as an integer >= low."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"[{function}] expected {name} as an integer >= {low}, got {type(value).__name__}")
    if not low <= value < 2**31:
        raise ValueError(f"[{function}] expected {name} as an integer >= {low} (and < 2³¹), got {value}")
    return int(value)


def integers(function: str, name: str, value: Any, count: int, low: int = 1) -> tuple[int, ...]:
    """One integer for all of `count` dimensions, or one for each."""
    if isinstance(value, (tuple, list)):
        if len(value) != count:
            raise ValueError(f"[{function}] expected {name} as an integer or {count} of them, got {tuple(value)}")
        return tuple(integer(function, name, v, low) for v in value)
    return (integer(function, name, value, low),) * count


def number(function: str, name: str, value: Any, low: float = -np.inf, high: float = np.inf) -> float:
    """`value` as a number in [low, high]."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"[{function}] expected {name} as a number, got {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"[{function}] expected {name} in [{low:g}, {high:g}], got {value}")
    return value if isinstance(value, (int, float)) else float(value)


def groups(function: str, value: Any, **channels: int) -> int:
    """`value` as a number of groups that divides each count of channels."""
    value = integer(function, "groups" if "num_channels" not in channels else "num_groups", value)
    for name, count in channels.items():
        if count % value:
            raise ValueError(f"[{function}] expected {name} divisible by the number of groups, got {count} and {value}")
    return value
