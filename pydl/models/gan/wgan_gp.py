"""WGAN-GP: the Wasserstein GAN with a penalty on slopes of Gulrajani et al. 2017 (arXiv:1704.00028).

The rates are those of the paper's Algorithm 1 (the authors' code for MNIST has β₁ = 0.5 and batches of 50), the noise
that of their code.
"""

from __future__ import annotations

from typing import Any

from ...gan import WASSERSTEIN, gradient_penalty
from .assemble import Config, Variant
from .networks import SHARED, pair, presets


def parts(config: Config) -> dict[str, Any]:
    """E s_f - E s_r + λ E (‖∇ s(x̂)‖₂ - 1)² against -E s_f: Algorithm 1."""
    return {"objective": WASSERSTEIN, "penalties": [gradient_penalty(config["penalty"])]}


ENTRY = Variant(
    "wgan-gp",
    "Wasserstein GAN with gradient penalty, no batch norm in the critic (Gulrajani et al. 2017)",
    {**SHARED, "lr": 1e-4, "beta1": 0.0, "beta2": 0.9, "k": 5, "norm": "none", "penalty": 10.0},
    pair,
    parts,
    presets({"epochs": 80, "batch_size": 32, "lr": 1e-3}, {"penalty": 0.1, "epochs": 60}),
    paper={"noise": 128, "noise_kind": "normal"},
).entry()
