"""PacGAN: a discriminator that sees several samples at once, by Lin et al. 2018 (arXiv:1712.04086).

The values are those of the paper's DCGAN for stacked digits, which has two steps of G to one of D; here it is one, and
twice as many epochs.
"""

from __future__ import annotations

from ... import nn
from ...tensor import Tensor
from . import assemble
from .assemble import Config, Networks, Variant, spectrally_normalised
from .networks import SHARED, make_discriminator, make_generator, presets


class Packed(nn.Module):
    """Samples (N, C, …) → logits (N / m, 1): m samples that follow each other are one input, of m · C channels.

    All m are real or all are generated, so that a lack of variety shows (section 2). ValueError where m does not
    divide N.
    """

    def __init__(self, network: nn.Module, m: int) -> None:
        super().__init__()
        self.network, self.m = network, m

    def forward(self, samples: Tensor) -> Tensor:
        count, channels = samples.shape[:2]
        if count % self.m:
            raise ValueError(f"[Packed] expected a batch that {self.m} divides, got {count} samples")
        return self.network(samples.reshape(count // self.m, channels * self.m, *samples.shape[2:]))


def networks(config: Config) -> Networks:
    """The generator makes single samples; only the discriminator's first layer is wider."""
    m = config["pack"]
    if config["batch_size"] % m:
        raise ValueError(f"[pacgan] expected batch_size as a multiple of pack, {m}, got {config['batch_size']}")
    discriminator = Packed(make_discriminator(config, packed=m), m)
    return make_generator(config, config["noise"]), spectrally_normalised(discriminator, config)


ENTRY = Variant(
    "pacgan",
    "GAN whose discriminator sees several samples at once (Lin et al. 2018)",
    {**SHARED, "loss": "non-saturating", "pack": 2},
    networks,
    assemble.chosen_loss,
    presets({"epochs": 40, "batch_size": 32, "lr": 2e-3}),
).entry()
