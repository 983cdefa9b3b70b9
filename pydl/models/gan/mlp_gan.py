"""The first GAN: two multilayer perceptrons (Goodfellow et al. 2014), on images or on points of the plane.

The authors' discriminator for MNIST has two layers of 240 units, each the largest of five, and dropout; here it has
LeakyReLU and no dropout. Their generator has neither batch norm nor tanh at its end, their momentum grows from 0.5 to
0.7, and their rate falls by four millionths in a step. At their rate, without their dropout, D soon wins on the digits.
"""

from __future__ import annotations

from . import assemble
from .networks import PLANE, planes
from .perceptrons import MLPDiscriminator, MLPGenerator, init_points


def networks(config: assemble.Config) -> assemble.Networks:
    """Generator and discriminator for `config`; the discriminator has the generator's widths in reverse."""
    shape, hidden = tuple(config["shape"]), list(config["hidden"])
    generator = MLPGenerator(config["noise"], shape, hidden, scale=config["scale"])
    discriminator = MLPDiscriminator(shape, hidden[::-1], scale=config["scale"])
    if not assemble.is_image(config):
        generator, discriminator = generator.apply(init_points), discriminator.apply(init_points)
    return generator, assemble.spectrally_normalised(discriminator, config)


OWN = {"optimizer": "adam", "loss": "non-saturating", "norm": "none", "hidden": [128, 256], "scale": 1.0}
DIGITS = {"epochs": 200, "batch_size": 32, "lr": 1e-3, "lr_schedule": "late-linear", "average": 0.995}
ENTRY = assemble.Variant(
    "gan",
    "fully connected generator and discriminator, on images or points of the plane (Goodfellow et al. 2014)",
    {**assemble.DEFAULTS, **OWN},
    networks,
    assemble.chosen_loss,
    {"digits": DIGITS, **planes(PLANE)},
    optimizer=assemble.adam_or_sgd,
    paper={"optimizer": "sgd", "lr": 0.1, "batch_size": 100, "hidden": [1200, 1200]},
).entry()
