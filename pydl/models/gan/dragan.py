"""DRAGAN: Kodali, Abernethy, Hays and Kira 2017, "On Convergence and Stability of GANs" (arXiv:1705.07215)."""

from __future__ import annotations

from typing import Any

from ...gan import NON_SATURATING, perturbed_penalty
from .assemble import Config, Variant
from .networks import SHARED, pair, presets


def parts(config: Config) -> dict[str, Any]:
    """The losses of the first GAN, and λ E (‖∇ s(x̂)‖₂ - 1)² near real samples in the discriminator's."""
    return {"objective": NON_SATURATING, "penalties": [perturbed_penalty(config["penalty"])]}


ENTRY = Variant(
    "dragan",
    "GAN with a penalty on slopes near real samples (Kodali et al. 2017)",
    {**SHARED, "batch_size": 128, "lr": 1e-4, "beta2": 0.9, "norm": "none", "penalty": 10.0},
    pair,
    parts,
    {**presets({"epochs": 60, "batch_size": 16, "lr": 1e-3}, {"penalty": 0.1}), "iris": {"batch_size": 32}},
).entry()
