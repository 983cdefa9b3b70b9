"""DCGAN: Radford, Metz and Chintala 2016 (arXiv:1511.06434), for square images of 8 to 64 pixels.

Its networks are those that other variants have too (`convolutional.py`), with windows of 4×4 and 64 maps next to the
image; the paper's generator has 5×5 and 128.
"""

from __future__ import annotations

from . import assemble
from .convolutional import DCDiscriminator, DCGenerator, init_weights, square


def networks(config: assemble.Config) -> assemble.Networks:
    """Generator and discriminator for images of `config["shape"]`, (channels, side, side), initialised."""
    (channels, side), width = square("dcgan", config), config["width"]
    generator = DCGenerator(config["noise"], channels, side, width).apply(init_weights)
    discriminator = DCDiscriminator(channels, side, width, assemble.norm_between(config)).apply(init_weights)
    return generator, assemble.spectrally_normalised(discriminator, config)


ENTRY = assemble.Variant(
    "dcgan",
    "convolutional GAN for images of 8 to 64 pixels (Radford et al. 2016)",
    {**assemble.DEFAULTS, "loss": "non-saturating", "epochs": 25, "batch_size": 128, "width": 64},
    networks,
    assemble.chosen_loss,
    {
        "digits": {"epochs": 40, "batch_size": 16, "lr": 2e-3, "noise": 64, "width": 16, "average": 0.995},
        "mnist": {"epochs": 10, "width": 32},
        "fashion-mnist": {"epochs": 10, "width": 32},
        "stacked-mnist": {"epochs": 10, "width": 32},
    },
).entry()
