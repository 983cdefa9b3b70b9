"""Images from label maps: spatially-adaptive normalisation (Park et al. 2019, arXiv:1903.07291)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops, random
from ..autograd import no_grad
from ..nn import BatchNorm2d, Conv2d, Module
from ..nn import functional as F
from ..tensor import Tensor
from .noise import Noise
from .trainer import GANTask, Samples, draw

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


class SPADE(Module):
    """h · (1 + γ(m)) + β(m), with h normalised by the batch and γ, β convolutions of the label map m (eq. 1).

    The map is brought to the size of h by its nearest pixels; γ and β share a convolution with ReLU.
    """

    def __init__(self, maps: int, labels: int, hidden: int) -> None:
        super().__init__()
        self.norm = BatchNorm2d(maps, affine=False)
        self.shared = Conv2d(labels, hidden, 3, 1, 1)
        self.gamma, self.beta = Conv2d(hidden, maps, 3, 1, 1), Conv2d(hidden, maps, 3, 1, 1)

    def forward(self, input: Tensor, labels: Tensor) -> Tensor:
        resized = F.interpolate(labels, size=input.shape[2:], mode="nearest")
        hidden = F.relu(self.shared(resized))
        return self.norm(input) * (1.0 + self.gamma(hidden)) + self.beta(hidden)


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

    def judged(self, samples: Samples) -> list[Tensor]:
        """What each layer of the discriminator makes of images beside their maps; the last are the scores."""
        images, rows = samples.data, samples.given
        assert rows is not None
        return self.discriminator(ops.cat([images, rows.reshape(len(rows), -1, *images.shape[2:])], 1))

    def score(self, samples: Samples) -> Tensor:
        return self.judged(samples)[-1]

    def generator_loss(self, fake: Samples) -> Tensor:
        assert self.real is not None
        *features, scores = self.judged(fake)
        loss = self.objective.generator(scores)
        if self.match:
            loss = loss + feature_distance(self.judged(self.real)[:-1], features) * self.match
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


def from_maps(generator: Module, rows: Tensor, noise: Noise, count: int, seed: int | None, centre: bool) -> np.ndarray:
    """`count` images of the `rows` (z and a map); with a `seed`, of maps chosen by it and new z."""
    if seed is None:
        return draw(generator, rows[:count], centre)
    rng = random.Generator(seed)
    chosen, z = random.randint(0, rows.shape[0], (count,), generator=rng), noise(count, rng)
    parts = zip(z.split(PART), chosen.split(PART), strict=True)
    drawn = [draw(generator, ops.cat([some, rows[which][:, noise.size :]], 1), centre) for some, which in parts]
    return np.concatenate(drawn)
