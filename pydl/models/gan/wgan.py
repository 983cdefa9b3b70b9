"""WGAN: the Wasserstein GAN with clipped weights of Arjovsky, Chintala and Bottou 2017 (arXiv:1701.07875).

The authors' code gives the critic 100 steps instead of 5 before each of the generator's first 25 and before every
500th; their paper does not, nor is it done here.
"""

from __future__ import annotations

from typing import Any

from ... import optim
from ...autograd import no_grad
from ...gan import WASSERSTEIN, GANTask
from .assemble import Config, Variant
from .networks import SHARED, pair, presets


class ClippedTask(GANTask):
    """Algorithm 1 of the paper: w ← clip(w, -c, c) for every parameter of the critic after each of its updates."""

    def __init__(self, *networks: Any, clip: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        if not 0 < clip < float("inf"):
            raise ValueError(f"[ClippedTask] expected clip > 0, got {clip!r}")
        self.clip = clip

    @no_grad()
    def after_discriminator(self, figures: dict[str, float]) -> None:
        for parameter in self.discriminator.parameters():
            parameter.clamp_(-self.clip, self.clip)


def parts(config: Config) -> dict[str, Any]:
    """E s_f - E s_r against -E s_f."""
    return {"objective": WASSERSTEIN, "clip": config["clip"]}


def rmsprop(parameters: Any, lr: float, config: Config) -> Any:
    """RMSProp: with the critic's game moving, momentum makes training unstable (section 4)."""
    return optim.RMSprop(parameters, lr=lr)


DEFAULTS = {name: value for name, value in SHARED.items() if name not in ("beta1", "beta2")}
ENTRY = Variant(
    "wgan",
    "Wasserstein GAN with clipped weights (Arjovsky et al. 2017)",
    {**DEFAULTS, "lr": 5e-5, "k": 5, "clip": 0.01},
    pair,
    parts,
    presets(
        {"epochs": 120, "batch_size": 16, "lr": 1e-3, "lr_schedule": "late-linear", "clip": 0.05},
        # Through four linear layers with weights of at most 0.01 a critic of points has next to no slope.
        {"clip": 0.3, "k": 2},
    ),
    task=ClippedTask,
    optimizer=rmsprop,
    paper={"noise_kind": "normal"},
).entry()
