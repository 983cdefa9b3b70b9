"""Checks of arguments; errors read `[function] expected argument …, got …`."""

from __future__ import annotations

import operator
from typing import Any


def integer(where: str, name: str, value: Any, low: int, high: int | None = None) -> int:
    """`value` as an int in [low, high]; TypeError unless an integer, ValueError outside the range."""
    span = f">= {low}" if high is None else f"in [{low}, {high}]"
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"[{where}] expected {name} to be an integer {span}, got {value!r}")
    if number < low or (high is not None and number > high):
        raise ValueError(f"[{where}] expected {name} to be an integer {span}, got {number}")
    return number


def number(where: str, name: str, value: Any, low: float, high: float) -> float:
    """`value` as a float in [low, high] (so never NaN); TypeError or ValueError otherwise."""
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise TypeError(f"[{where}] expected {name} to be a number in [{low}, {high}], got {value!r}")
    result = float(value)
    if not low <= result <= high:
        raise ValueError(f"[{where}] expected {name} to be in [{low}, {high}], got {result}")
    return result


def seed(where: str, value: Any) -> int:
    """`value` as a seed of 64 bits: a NumPy generator gives its next draw, a pydl one its initial seed.

    None gives the initial seed of pydl's default generator: 0, or what `manual_seed` was last called with.
    """
    if value is None:
        from .. import random

        value = random.default_generator
    if hasattr(value, "initial_seed"):
        value = value.initial_seed()
    elif hasattr(value, "bit_generator"):
        value = value.bit_generator.random_raw()
    return integer(where, "seed", value, 0, 2**64 - 1)
