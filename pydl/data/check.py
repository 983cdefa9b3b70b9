"""The check of a seed."""

from __future__ import annotations

from typing import Any

from ..checks import integer


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
