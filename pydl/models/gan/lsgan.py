"""LSGAN: the least squares GAN of Mao et al. 2017 (arXiv:1611.04076)."""

from __future__ import annotations

from functools import partial
from typing import Any

from ...gan import Objective, least_squares_discriminator_loss, least_squares_generator_loss
from .assemble import Config, Variant
from .networks import SHARED, pair, presets

TARGETS = {"binary": (0.0, 1.0, 1.0), "pearson": (-1.0, 1.0, 0.0)}


def parts(config: Config) -> dict[str, Any]:
    """½ E (s_r - b)² + ½ E (s_f - a)² against ½ E (s_f - c)²: eq. 2, with (a, b, c) of eq. 9 or eq. 8.

    (-1, 1, 0), "pearson", minimises the Pearson χ² divergence between p_data + p_g and 2 p_g; (0, 1, 1) is "binary".
    """
    a, b, c = TARGETS[config["targets"]]
    discriminator = partial(least_squares_discriminator_loss, a=a, b=b)
    generator = partial(least_squares_generator_loss, c=c)
    return {"objective": Objective(discriminator, generator, probability=False, threshold=(a + b) / 2)}


ENTRY = Variant(
    "lsgan",
    "least squares GAN (Mao et al. 2017)",
    {**SHARED, "lr": 1e-3, "targets": "binary"},
    pair,
    parts,
    presets({"epochs": 40, "batch_size": 16}),
).entry()
