"""The semi-supervised GAN of Salimans et al. 2016 (arXiv:1606.03498), section 5: K classes, and one more.

The authors' discriminator has weight normalisation, their generator two layers of 500 with softplus: not so here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import nn, ops, random
from ...autograd import no_grad
from ...creation import as_tensor, from_numpy
from ...data.samplerng import SPLIT, permutation
from ...gan import NON_SATURATING, GANTask, MovingAverage, Samples
from ...gan.techniques import feature_matching, real_logit
from ...tensor import Tensor
from ..registry import Data
from .assemble import Config, Networks, Variant, arrays_of, labelled
from .networks import SHARED
from .perceptrons import MLPGenerator


class Corrupted(nn.Module):
    """In training, x + std · N(0, 1), drawn from `rng`."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std
        self.rng: random.Generator | None = None

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        return input + random.randn(input.shape, generator=self.rng, dtype=input.dtype) * self.std


class Classes(nn.Module):
    """Samples (N, *shape) → scores (N, classes): linear layers with ReLU, noise of 0.3 before and 0.5 between them.

    The authors' network, without their weight normalisation.
    """

    def __init__(self, shape: tuple[int, ...], hidden: list[int], classes: int) -> None:
        super().__init__()
        size = math.prod(shape)
        layers: list[nn.Module] = [Corrupted(0.3)]
        for width in hidden:
            layers += [nn.Linear(size, width), nn.ReLU(), Corrupted(0.5)]
            size = width
        self.layers = nn.Sequential(*layers, nn.Linear(size, classes))

    def features(self, samples: Tensor) -> Tensor:
        """What the last layer sees, (N, width), before its noise."""
        return self.layers[:-2](samples.flatten(1))

    def forward(self, samples: Tensor) -> Tensor:
        return self.layers(samples.flatten(1))


class SemiTask(GANTask):
    """D: -E log p(y | x, y ≤ K) on labelled samples - ½ E log D(x) - ½ E log(1 - D(G(z))); G matches features.

    D(x) = Z / (Z + 1), Z = Σ exp l_k. Each step draws as many labelled samples as the batch has, out of those that
    `give` was called with. `test_error` is the share of test samples that a moving average of D gets wrong.
    """

    def __init__(self, *networks: Any, follow: float, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.classifier = MovingAverage(self.discriminator, follow)
        for module in self.discriminator.modules():
            if isinstance(module, Corrupted):
                module.rng = self.rng

    def give(self, images: Tensor, labels: Tensor, test: tuple[np.ndarray, np.ndarray]) -> None:
        """The labelled samples, in the generator's range, and the test samples with their classes."""
        self.images, self.labels, self.test = images, labels, test

    def score(self, samples: Samples) -> Tensor:
        return real_logit(self.discriminator(samples.data))

    def discriminator_loss(self, real: Samples, fake: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        chosen = random.randint(0, len(self.labels), (real.data.shape[0],), generator=self.rng)
        scores, wanted = self.discriminator(self.images[chosen]), self.labels[chosen]
        named = nn.functional.cross_entropy(scores, wanted)
        on_real, on_fake = self.score(real), self.score(fake)
        loss = named + self.objective.discriminator(on_real, on_fake) * 0.5
        return self.penalised(loss, real, fake), {**self.beliefs(on_real, on_fake), "class_loss": named}

    def generator_loss(self, fake: Samples) -> Tensor:
        assert self.real is not None
        features: Any = self.discriminator.features
        return feature_matching(features(self.real.data), features(fake.data))

    def after_discriminator(self, figures: dict[str, float]) -> None:
        self.classifier.update(self.discriminator)

    def evaluate(self) -> dict[str, float]:
        images, labels = self.test
        with no_grad():
            scores = ops.cat([self.classifier.module(part) for part in from_numpy(images).split(256)], 0)
        return {"test_error": float((scores.numpy().argmax(1) != labels).mean())}

    def extra_state(self) -> dict[str, Any]:
        return {"classifier": self.classifier.state_dict(), "images": self.images, "labels": self.labels}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        self.classifier.load_state_dict(state["classifier"])
        self.images, self.labels = as_tensor(state["images"]), as_tensor(state["labels"])


class SemiVariant(Variant):
    """A variant whose task is given a few labels of the data."""

    def build(self, data: Data, config: Config) -> Any:
        task: Any = super().build(data, config)
        images, labels = arrays_of(data.train, task.centre)
        chosen = few(labels, config["labelled"], len(data.train.classes), config["seed"])
        task.give(from_numpy(images[chosen]), from_numpy(labels[chosen]), arrays_of(data.test, task.centre))
        return task


def few(labels: np.ndarray, count: int, classes: int, seed: int) -> np.ndarray:
    """`count` indices, as many of each class, chosen by `seed`; ValueError where that cannot be."""
    least = int(np.bincount(labels, minlength=classes).min()) * classes
    if count % classes or count > least:
        raise ValueError(f"[semi-gan] expected labelled as a multiple of {classes} up to {least}, got {count}")
    order = permutation(len(labels), SPLIT, seed)
    return np.concatenate([order[labels[order] == c][: count // classes] for c in range(classes)])


def networks(config: Config) -> Networks:
    """Perceptrons; the generator has the widths in reverse."""
    shape, hidden = tuple(config["shape"]), list(config["hidden"])
    generator = MLPGenerator(config["noise"], shape, hidden[::-1])
    return generator, Classes(shape, hidden, labelled(config))


def parts(config: Config) -> dict[str, Any]:
    """D(x) against D(G(z)) as in the first GAN, and the decay of D's average."""
    return {"objective": NON_SATURATING, "follow": config["follow"]}


OWN = {"batch_size": 100, "lr": 3e-3, "epochs": 300, "labelled": 100, "follow": 0.9999}
LARGE = {"hidden": [1000, 500, 250, 250, 250]}
ENTRY = SemiVariant(
    "semi-gan",
    "GAN that learns classes from few labels: K + 1 classes, feature matching (Salimans et al. 2016)",
    {**{k: v for k, v in SHARED.items() if k not in ("norm", "width", "scale")}, **OWN, **LARGE},
    networks,
    parts,
    {
        "digits": {"batch_size": 32, "epochs": 100, "hidden": [250, 250], "follow": 0.999, "noise": 50},
        **{name: {"labelled": count, "hidden": [128, 128]} for name, count in (("ring", 80), ("iris", 30))},
    },
    task=SemiTask,
).entry()
