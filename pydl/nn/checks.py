"""Checks of the arguments of layers."""

from __future__ import annotations

from typing import Any

from .. import checks


def integer(function: str, name: str, value: Any, low: int = 1) -> int:
    """`value` as an integer >= low that the kernels can count to."""
    value = checks.integer(function, name, value, low)
    if value >= 2**31:
        raise ValueError(f"[{function}] expected {name} to be an integer < 2³¹, got {value}")
    return value


def integers(function: str, name: str, value: Any, count: int, low: int = 1) -> tuple[int, ...]:
    """One integer for all of `count` dimensions, or one for each."""
    if isinstance(value, (tuple, list)):
        if len(value) != count:
            raise ValueError(f"[{function}] expected {name} to be an integer or {count} of them, got {tuple(value)}")
        return tuple(integer(function, name, v, low) for v in value)
    return (integer(function, name, value, low),) * count


def groups(function: str, value: Any, **channels: int) -> int:
    """`value` as a number of groups that divides each count of channels."""
    value = integer(function, "groups" if "num_channels" not in channels else "num_groups", value)
    for name, count in channels.items():
        if count % value:
            raise ValueError(f"[{function}] expected {name} divisible by the number of groups, got {count} and {value}")
    return value
