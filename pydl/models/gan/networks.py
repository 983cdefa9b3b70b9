"""The networks that the variants share: small DCGANs for images, perceptrons for points, and what is put on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nn, ops
from ...tensor import Tensor
from . import assemble
from .assemble import Config, Networks, is_image, norm_between, spectrally_normalised
from .convolutional import DCDiscriminator, DCGenerator, init_weights, square
from .perceptrons import MLPDiscriminator, MLPGenerator, init_points

SHARED: dict[str, Any] = {**assemble.DEFAULTS, "width": 64, "hidden": [128, 128], "scale": 1.0}
DIGITS: dict[str, Any] = {"noise": 64, "width": 16, "average": 0.995}
LARGER = ("mnist", "fashion-mnist", "stacked-mnist")
PLANE: dict[str, Any] = {
    "epochs": 30,
    "batch_size": 256,
    "lr": 1e-3,
    "lr_schedule": "late-linear",
    "noise": 2,
    "noise_kind": "normal",
    "hidden": [128, 128, 128],
}
SCALES = {"grid": {"scale": 2.828}}  # as in the authors' code of WGAN-GP (arXiv:1704.00028)
POINTS: dict[str, Any] = {**PLANE, "norm": "none"}


def presets(digits: Config | None = None, plane: Config | None = None, images: Config | None = None) -> Any:
    """Values for the data sets that come with pydl: those that all variants share, and a variant's own."""
    larger = {"epochs": 10, "width": 32, **(images or {})}
    small = {**DIGITS, **(digits or {})}
    points = {**POINTS, **(plane or {})}
    return {"digits": small, **dict.fromkeys(LARGER, larger), **planes(points)}


def planes(preset: Config) -> dict[str, Any]:
    """`preset` for all data sets of the plane, with the scale of each."""
    return {name: {**preset, **SCALES.get(name, {})} for name in assemble.PLANES}


def make_generator(config: Config, size: int, norm: str = "", bounded: bool = True) -> nn.Module:
    """A generator that takes (N, size): a DCGAN's for images, in [-1, 1] if `bounded`, a perceptron for all else."""
    shape = tuple(config["shape"])
    if not is_image(config):
        return MLPGenerator(size, shape, list(config["hidden"]), norm, config["scale"]).apply(init_points)
    (channels, side), norm = square("gan", config), norm or "batch"
    return _initialised(DCGenerator(size, channels, side, config["width"], norm, bounded), norm)


def make_discriminator(config: Config, more: int = 0, outputs: int = 1, packed: int = 1) -> Any:
    """A discriminator with (N, outputs) for samples with `more` channels, `packed` of them side by side."""
    shape = tuple(config["shape"])
    if not is_image(config):
        size = shape[0] * packed + more
        hidden = list(config["hidden"])[::-1]
        return MLPDiscriminator((size,), hidden, outputs, config["scale"]).apply(init_points)
    (channels, side), norm = square("gan", config), norm_between(config)
    return _initialised(DCDiscriminator(channels * packed + more, side, config["width"], norm, outputs), norm)


def pair(config: Config) -> Networks:
    """Generator and discriminator of a GAN without conditions."""
    return make_generator(config, config["noise"]), spectrally_normalised(make_discriminator(config), config)


class Both(nn.Module):
    """Two networks under one roof, with one optimizer."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second


class Conditioned(nn.Module):
    """A discriminator that sees (N, K) numbers beside each sample: as constant channels, or as further columns."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: Tensor, given: Tensor) -> Tensor:
        shape = given.shape + (1,) * (samples.ndim - 2)
        maps = given.reshape(*shape).expand(*given.shape, *samples.shape[2:])
        return self.network(ops.cat([samples, maps], 1))


class Headed(nn.Module):
    """A discriminator with a second head: samples → (logits (N, 1), what the head makes of the features).

    The features, flattened, are what the discriminator's last layer sees, so that all other layers are shared.
    """

    def __init__(self, body: Any, head: nn.Module) -> None:
        super().__init__()
        self.body, self.head = body, head

    def forward(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body.features(samples)
        return self.body.layers[-1](features).flatten(1), self.head(features.flatten(1))


class Autoencoder(nn.Module):
    """A discriminator that gives energies (N, 1): `distance` of what each sample loses when it is encoded and decoded.

    `distance` takes the losses (N, M) of the M numbers of each sample.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, distance: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.encoder, self.decoder, self.distance = encoder, decoder, distance

    def energy(self, samples: Tensor, codes: Tensor) -> Tensor:
        """What is lost of `samples` when `codes` are decoded."""
        return self.distance((samples - self.decoder(codes)).flatten(1)).unsqueeze(1)

    def forward(self, samples: Tensor) -> Tensor:
        return self.energy(samples, self.encoder(samples))


def autoencoder(config: Config, distance: Callable[[Tensor], Tensor], bounded: bool = True) -> nn.Module:
    """Encoder and decoder for `config`, through `code` numbers."""
    encoder = make_discriminator(config, outputs=config["code"])
    decoder = make_generator(config, config["code"], norm_between(config), bounded)
    return spectrally_normalised(Autoencoder(encoder, decoder, distance), config)


def _initialised(network: nn.Module, norm: str) -> nn.Module:
    """DCGAN's small weights need batch norm: without it signals would shrink, and He's keep their size."""
    return network.apply(init_weights if norm == "batch" else _init_he)


def _init_he(module: nn.Module) -> None:
    """N(0, 2 / fan_in) for the weights of convolutions, 0 for biases (He et al. 2015)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(module.bias)
