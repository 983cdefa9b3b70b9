"""How StyleGAN is built and trained."""

from __future__ import annotations

from typing import Any

from ....gan import NON_SATURATING
from ..assemble import Config, Networks, Variant
from ..convolutional import sides, square
from ..networks import SHARED
from .layers import StyleNoise
from .networks import StyleDiscriminator, StyleGenerator


def latent(config: Config) -> StyleNoise:
    """z twice, the chances of mixing, and a number for every pixel of every layer."""
    _, side = square("stylegan", config)
    return StyleNoise(config["noise"], config["noise_kind"], 2 * sum(s * s for s in sides("stylegan", side)))


def networks(config: Config) -> Networks:
    """Generator and discriminator for square images."""
    channels, side = square("stylegan", config)
    generator = StyleGenerator(config["noise"], channels, side, config)
    return generator, StyleDiscriminator(channels, side, config["width"])


def parts(config: Config) -> dict[str, Any]:
    """The non-saturating loss; R1 is the option r1."""
    return {"objective": NON_SATURATING}


OWN = {
    "lr": 1e-3,
    "beta1": 0.0,
    "beta2": 0.99,
    "r1": 10.0,
    "average": 0.999,
    "noise": 512,
    "noise_kind": "normal",
    "depth": 8,
    "mixing": 0.9,
    "truncation": 0.7,
}
SMALL = {
    "epochs": 100,
    "batch_size": 16,
    "lr": 5e-3,
    "lr_schedule": "late-linear",
    "r1": 3.0,
    "noise": 64,
    "width": 16,
    "average": 0.99,
    "truncation": 1.0,
}
LARGE = {"epochs": 10, "noise": 128, "width": 16}
ENTRY = Variant(
    "stylegan",
    "generator of styles: mapping network, AdaIN, noise, mixing, truncation, R1 (Karras et al. 2019)",
    {**{k: v for k, v in SHARED.items() if k not in ("norm", "hidden", "scale")}, "batch_size": 32, **OWN},
    networks,
    parts,
    {"digits": SMALL, "mnist": LARGE, "fashion-mnist": LARGE, "stacked-mnist": LARGE},
    latent=latent,
    paper={"average": 0.998},  # at batches of 32, the authors' half-life of 10,000 images
).entry()
