"""SPADE (GauGAN): Park, Liu, Wang and Zhu 2019 (arXiv:1903.07291), for images of 8 to 64 pixels.

The label maps are made of the images: a bright pixel is of the image's class, any other background. One discriminator
instead of two sizes of it, no encoder, and no loss by a network trained on other images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import nn, ops, random
from ...autograd import no_grad
from ...gan import HINGE, GANTask, Noise, Samples
from ...gan.trainer import draw
from ...nn import functional as F
from ...tensor import Tensor
from ..registry import Data, Entry
from .assemble import Config, Networks, Variant, batch_of, labelled, plain_noise, spectrally_normalised
from .convolutional import SLOPE, sides, square
from .networks import SHARED

PART = 64  # images whose maps are held at a time: maps of many classes are large


def label_maps(images: Tensor, labels: Tensor, classes: int, threshold: float = 0.5) -> Tensor:
    """Images (N, C, H, W) and their classes → maps (N, classes + 1, H, W) of ones and zeros.

    A pixel whose mean over the channels exceeds `threshold` is of the image's class, any other of the last, the
    background.
    """
    drawn = (images.mean(1, keepdim=True) > threshold).float()
    kinds = ops.one_hot(labels, classes).float().reshape(-1, classes, 1, 1)
    return ops.cat([kinds * drawn, 1.0 - drawn], 1)


def feature_distance(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Σ over layers of E |f(x) - f(G(z))|, means over all numbers; the real features are held fixed.

    Wang et al. 2018 (arXiv:1711.11585), eq. 4.
    """
    distances = [(r.detach() - f).abs().mean() for r, f in zip(real, fake, strict=True)]
    return ops.stack(distances).sum()


class SPADE(nn.Module):
    """h · (1 + γ(m)) + β(m), with h normalised by the batch and γ, β convolutions of the label map m (eq. 1).

    The map is brought to the size of h by its nearest pixels; γ and β share a convolution with ReLU.
    """

    def __init__(self, maps: int, labels: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(maps, affine=False)
        self.shared = nn.Conv2d(labels, hidden, 3, 1, 1)
        self.gamma, self.beta = nn.Conv2d(hidden, maps, 3, 1, 1), nn.Conv2d(hidden, maps, 3, 1, 1)

    def forward(self, input: Tensor, labels: Tensor) -> Tensor:
        resized = F.interpolate(labels, size=input.shape[2:], mode="nearest")
        hidden = F.relu(self.shared(resized))
        return self.norm(input) * (1.0 + self.gamma(hidden)) + self.beta(hidden)


class Block(nn.Module):
    """Residual block: twice SPADE, LeakyReLU and a 3×3 convolution, and where the maps change one on the shortcut."""

    def __init__(self, inputs: int, outputs: int, labels: int, hidden: int) -> None:
        super().__init__()
        between = min(inputs, outputs)
        self.norms = nn.ModuleList([SPADE(maps, labels, hidden) for maps in (inputs, between)])
        self.convolutions = nn.ModuleList([nn.Conv2d(inputs, between, 3, 1, 1), nn.Conv2d(between, outputs, 3, 1, 1)])
        self.changes = inputs != outputs
        if self.changes:
            self.norm_across = SPADE(inputs, labels, hidden)
            self.across = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, input: Tensor, labels: Tensor) -> Tensor:
        x = input
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = convolution(F.leaky_relu(norm(x, labels), SLOPE))
        return x + (self.across(self.norm_across(input, labels)) if self.changes else input)


class MapGenerator(nn.Module):
    """Rows of z and a flattened map → images: a linear layer of z, then a block at each size, twice as large each."""

    def __init__(self, size: int, shape: tuple[int, ...], labels: int, width: int, hidden: int) -> None:
        super().__init__()
        self.size, self.labels, self.shape = size, labels, shape
        found = sides("spade", shape[1])
        maps = [width << n for n in reversed(range(len(found)))]
        self.first, self.begin = nn.Linear(size, maps[0] * found[0] ** 2), (maps[0], found[0], found[0])
        pairs = zip([maps[0], *maps], maps, strict=False)
        self.blocks = nn.ModuleList([Block(i, o, labels, hidden) for i, o in pairs])
        self.last = nn.Conv2d(width, shape[0], 3, 1, 1)

    def forward(self, latent: Tensor) -> Tensor:
        count = latent.shape[0]
        labels = latent[:, self.size :].reshape(count, self.labels, *self.shape[1:])
        x = self.first(latent[:, : self.size]).reshape(count, *self.begin)
        for i, block in enumerate(self.blocks):
            x = block(F.interpolate(x, scale_factor=2, mode="nearest") if i else x, labels)
        return F.tanh(self.last(F.leaky_relu(x, SLOPE)))


class PatchDiscriminator(nn.Module):
    """Images with their maps as channels → what each layer makes of them; the last is a map of scores."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Sequential(nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(SLOPE)),
                nn.Sequential(nn.Conv2d(width, width * 2, 3, 1, 1), nn.InstanceNorm2d(width * 2), nn.LeakyReLU(SLOPE)),
                nn.Conv2d(width * 2, 1, 3, 1, 1),
            ]
        )

    def forward(self, input: Tensor) -> list[Tensor]:
        found = [input]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return found[1:]


class SPADETask(GANTask):
    """A generator of (z, label map), and a discriminator that sees images beside their maps.

    Batches are (images, classes). The generator minimises the objective's loss plus `match` times the distance of the
    discriminator's features. Samples are made from the maps of the images that `show` was given.
    """

    def __init__(self, *networks: Any, classes: int, match: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.classes, self.match = classes, match

    def show(self, images: Tensor, labels: Tensor) -> None:
        """Images in [0, 1] with their classes, from whose maps samples are made."""
        rows = label_maps(images, labels, self.classes).flatten(1)
        self.fixed_noise = ops.cat([self.noise(len(labels), self.rng), rows], 1)

    def read(self, batch: Any) -> Samples:
        images, labels = batch
        return Samples(super().read(batch).data, label_maps(images, labels, self.classes).flatten(1))

    def latent(self, real: Samples) -> Tensor:
        return ops.cat([super().latent(real), real.given], 1)

    def layers_on(self, samples: Samples) -> list[Tensor]:
        """What each layer of the discriminator makes of images beside their maps; the last are the scores."""
        images, rows = samples.data, samples.given
        assert rows is not None
        return self.discriminator(ops.cat([images, rows.reshape(len(rows), -1, *images.shape[2:])], 1))

    def score(self, samples: Samples) -> Tensor:
        return self.layers_on(samples)[-1]

    def generator_loss(self, fake: Samples) -> Tensor:
        assert self.real is not None
        *features, scores = self.layers_on(fake)
        loss = self.objective.generator(scores)
        if self.match:
            loss = loss + feature_distance(self.layers_on(self.real)[:-1], features) * self.match
        return loss

    def evaluate(self) -> dict[str, float]:
        """ "agreement": the share of pixels of the shown maps that are drawn, or left, as the map says."""
        images = draw(self.sampler(), self.fixed_noise, self.centre)
        with no_grad():
            background = self.fixed_noise[:, -images[0, 0].size :].numpy().reshape(-1, *images.shape[2:])
        return {"agreement": float(((images.mean(1) > 0.5) == (background == 0)).mean())}

    def sample(self, count: int, seed: int | None = None) -> np.ndarray:
        """Images for the maps of `show`: the first, or with noise and maps chosen by `seed`."""
        return from_maps(self.sampler(), self.fixed_noise, self.noise, count, seed, self.centre)


def from_maps(
    generator: nn.Module, rows: Tensor, noise: Noise, count: int, seed: int | None, centre: bool
) -> np.ndarray:
    """`count` images of the `rows` (z and a map); with a `seed`, of maps chosen by it and new z."""
    if seed is None:
        return draw(generator, rows[:count], centre)
    rng = random.Generator(seed)
    chosen, z = random.randint(0, rows.shape[0], (count,), generator=rng), noise(count, rng)
    parts = zip(z.split(PART), chosen.split(PART), strict=True)
    drawn = [draw(generator, ops.cat([some, rows[which][:, noise.size :]], 1), centre) for some, which in parts]
    return np.concatenate(drawn)


def networks(config: Config) -> Networks:
    """Both with spectral normalisation, unless `norm` is another."""
    square("spade", config)
    shape = tuple(config["shape"])
    labels, width = labelled(config) + 1, config["width"]
    maker = MapGenerator(config["noise"], shape, labels, width, config["map_width"])
    generator = spectrally_normalised(maker, config)
    return generator, spectrally_normalised(PatchDiscriminator(shape[0] + labels, width), config)


def parts(config: Config) -> dict[str, Any]:
    """The hinge loss, and the weight of the features."""
    return {"objective": HINGE, "classes": labelled(config), "match": config["match"]}


class MapVariant(Variant):
    """Samples are made of the maps of test images, which are kept with the state."""

    def entry(self) -> Entry:
        return replace(super().entry(), walk=None)

    def build(self, data: Data, config: Config) -> Any:
        task: Any = super().build(data, config)
        task.show(*batch_of(data.test, 64))
        return task

    def sample(self, state: Config, config: Config, count: int, seed: int) -> np.ndarray:
        return from_maps(self.generator(state, config), state["fixed_noise"], plain_noise(config), count, seed, True)


OWN = {"lr": 4e-4, "lr_g": 1e-4, "beta1": 0.0, "beta2": 0.9, "match": 10.0, "map_width": 128, "norm": "spectral"}
LARGE = {"epochs": 10, "width": 16, "noise": 64, "map_width": 32}
ENTRY = MapVariant(
    "spade",
    "images from label maps by spatially-adaptive normalisation: GauGAN (Park et al. 2019)",
    {**{k: v for k, v in SHARED.items() if k not in ("hidden", "scale")}, "noise": 256, "noise_kind": "normal", **OWN},
    networks,
    parts,
    {
        "digits": {"epochs": 30, "batch_size": 16, "width": 16, "noise": 32, "map_width": 16, "lr": 2e-3, "lr_g": 1e-3},
        "mnist": LARGE,
        "fashion-mnist": LARGE,
    },
    task=SPADETask,
).entry()
