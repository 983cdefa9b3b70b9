"""Unrolled GAN: Metz, Poole, Pfau and Sohl-Dickstein 2017 (arXiv:1611.02163)."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...gan import NON_SATURATING, UnrolledTask
from .assemble import Config, Networks, Variant, is_image, normalised
from .networks import SHARED, pair, presets
from .perceptrons import MLPDiscriminator, MLPGenerator

GAIN = 1.4


def begin(module: nn.Module) -> None:
    """Orthogonal weights times 1.4 and biases 0, as in the authors' code."""
    if isinstance(module, nn.Linear):
        nn.init.orthogonal_(module.weight, GAIN)
        nn.init.zeros_(module.bias)


def with_tanh(module: Any) -> nn.Module:
    """The perceptron `module` with tanh between its layers, initialised."""
    layers = module.layers
    for i, layer in enumerate(layers):
        if isinstance(layer, (nn.ReLU, nn.LeakyReLU)):
            layers[i] = nn.Tanh()
    return module.apply(begin)


def networks(config: Config) -> Networks:
    """For points two perceptrons with tanh, as in the authors' code; small DCGANs for images."""
    if is_image(config):
        return pair(config)
    shape, hidden = tuple(config["shape"]), list(config["hidden"])
    generator = with_tanh(MLPGenerator(config["noise"], shape, hidden, scale=config["scale"]))
    return generator, normalised(with_tanh(MLPDiscriminator(shape, hidden, scale=config["scale"])), config)


def parts(config: Config) -> dict[str, Any]:
    """The losses of the first GAN, and how the generator looks ahead."""
    return {"objective": NON_SATURATING, "unroll": config["unroll"], "inner": config["inner"]}


DIGITS = {"epochs": 40, "batch_size": 16, "lr": 2e-4, "lr_g": 2e-3, "lr_schedule": "late-linear"}
PRESETS = presets(DIGITS, {"lr_g": 1e-3})
PRESETS["grid"]["scale"] = 1.0  # tanh of narrower points tells too few modes apart
OWN = {"data": "ring", "lr": 1e-4, "lr_g": 1e-3, "unroll": 5, "inner": "adam"}
ENTRY = Variant(
    "unrolled-gan",
    "GAN whose generator looks K steps of the discriminator ahead (Metz et al. 2017)",
    {**SHARED, **OWN},
    networks,
    parts,
    PRESETS,
    task=UnrolledTask,
).entry()
