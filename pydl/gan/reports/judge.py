"""How good generated images are, by a classifier trained on the real ones: how many it is sure of, how many classes.

Both numbers are about what the classifier knows, no more: a generator that repeats one good image of each class is
perfect by them. They are stated with the same share for real test images, which is what a perfect generator reaches.
How much generated images vary is seen by the metrics of `pydl.gan.metrics` on the classifier's features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import nn, ops, optim, random
from ...autograd import no_grad
from ...creation import from_numpy
from ...tensor import Tensor
from .. import metrics

SURE = 0.9  # a sample counts as sure where the largest probability is at least this
DRAWN = 0.01  # a class counts as drawn where at least this share of the sure samples is of it
STEPS, BATCH, LEARNING_RATE, SHIFTED = 900, 64, 3e-3, 0.6
_SHIFTS = np.array([(0, 1), (1, 0), (1, 2), (2, 1)])  # of a window in an image padded by one pixel


@dataclass(frozen=True)
class Quality:
    """The share of samples that are sure, the share of each class among these, and how many classes are drawn."""

    sure: float
    shares: tuple[float, ...]

    @property
    def classes(self) -> int:
        return sum(share >= DRAWN for share in self.shares)


class Judge:
    """A trained classifier of images (N, C, H, W) in [0, 1], its accuracy on test images, and their quality.

    `images` and `labels` (N,) are the test images. The features of an image are what the last layer of a Sequential is
    given. ValueError for no images.
    """

    def __init__(self, network: nn.Module, images: np.ndarray, labels: np.ndarray) -> None:
        self.network = network.eval()
        self.accuracy = float((self.probabilities(images).argmax(1) == labels).mean())
        self.real = self.quality(images)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """The probability of each class for each image, (N, K)."""
        return _in_batches(lambda batch: ops.softmax(self.network(batch), 1), images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """The features of each image, (N, D); TypeError where the network is no Sequential."""
        if not isinstance(self.network, nn.Sequential):
            raise TypeError(f"[features] expected a network as a Sequential, got {type(self.network).__name__}")
        return _in_batches(self.network[:-1], np.ascontiguousarray(images, np.float32))

    def compare(self, real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
        """Metrics of as many real images as generated ones, on the features and probabilities of this classifier.

        They are comparable only for one classifier and one number of images. ValueError for two numbers.
        """
        first, second = self.features(real), self.features(fake)
        return {
            "nearest_neighbour_accuracy": metrics.nearest_neighbour_test(first, second).accuracy,
            **metrics.precision_recall(first, second)._asdict(),
            "frechet_classifier_distance": metrics.frechet_classifier_distance(first, second),
            "kernel_classifier_distance": metrics.kernel_classifier_distance(first, second),
            "classifier_score": metrics.classifier_score(self.probabilities(np.ascontiguousarray(fake, np.float32))),
        }

    def quality(self, images: np.ndarray) -> Quality:
        """What the classifier makes of `images`; ValueError for none."""
        if len(images) == 0:
            raise ValueError("[quality] expected at least one image, got none")
        probabilities = self.probabilities(np.ascontiguousarray(images, np.float32))
        sure = probabilities.max(1) >= SURE
        counts = np.bincount(probabilities.argmax(1)[sure], minlength=probabilities.shape[1])
        shares = counts / max(1, sure.sum())
        return Quality(float(sure.mean()), tuple(float(share) for share in shares))

    def report(self, images: np.ndarray) -> dict[str, float]:
        """The figures for generated `images`, with those they are to be compared with."""
        found = self.quality(images)
        return {
            "sure": found.sure,
            "classes": float(found.classes),
            "sure_real": self.real.sure,
            "classes_real": float(self.real.classes),
            "classifier_accuracy": self.accuracy,
        }


def train_judge(train: Any, test: Any, *, seed: int = 0, steps: int = STEPS, limit: int = 20_000) -> Judge:
    """A small convolutional classifier trained on the first `limit` images of `train`, in seconds.

    `train` and `test` are datasets of (images in [0, 1], labels) with `batch`. Six in ten training images are moved
    by one pixel, which carries over to writers that it has not seen. pydl's default generator is left as it was.
    ValueError for no test images.
    """
    images, labels = _arrays(train, limit)
    with random.fork_rng(seed):
        network = _network(images.shape[1:], int(labels.max()) + 1)
        _fit(network, images, labels, steps, np.random.default_rng(seed))
    return Judge(network, *_arrays(test, limit))


def describe(report: dict[str, float], kinds: int = 10) -> str:
    """A report in words, with those of `compare` where it has them."""
    words = (
        f"a classifier trained on the real images (test accuracy {report['classifier_accuracy']:.1%}) is at least "
        f"{SURE:.0%} sure of {report['sure']:.1%} of the generated images, which show "
        f"{report['classes']:.0f} of {kinds} classes (real test images: {report['sure_real']:.1%})"
    )
    if "precision" in report:
        words += (
            f"; on its features precision is {report['precision']:.2f}, recall {report['recall']:.2f}, and the Fréchet "
            f"distance to test images {report['frechet_classifier_distance']:.3g} "
            f"(of training images: {report['frechet_classifier_distance_real']:.3g})"
        )
    return words


def _in_batches(function: Callable[[Tensor], Tensor], images: np.ndarray) -> np.ndarray:
    batches = np.split(images, range(256, len(images), 256))
    with no_grad():
        return np.concatenate([function(from_numpy(batch)).numpy() for batch in batches])


def _arrays(dataset: Any, limit: int) -> tuple[np.ndarray, np.ndarray]:
    images, labels = dataset.batch(np.arange(min(limit, len(dataset))))[:2]
    return np.ascontiguousarray(images, np.float32), labels


def _network(shape: tuple[int, ...], classes: int) -> nn.Module:
    """Two 3×3 convolutions with a pool after the first, and after the second where the image is large."""
    channels, height, width = shape
    halvings = 1 if max(height, width) <= 16 else 2
    flat = 32 * (height >> halvings) * (width >> halvings)
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2) if halvings == 2 else nn.Identity(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(flat, 128),
        nn.ReLU(),
        nn.Linear(128, classes),
    )


def _fit(network: nn.Module, images: np.ndarray, labels: np.ndarray, steps: int, rng: np.random.Generator) -> None:
    """Adam with a learning rate that falls linearly to zero."""
    optimizer = optim.Adam(network.parameters(), lr=LEARNING_RATE)
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[2:], (2, 3))
    for step, chosen in zip(range(steps), _minibatches(len(images), rng), strict=False):
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / steps)
        shifts = _SHIFTS[rng.integers(len(_SHIFTS), size=len(chosen))]
        shifts[rng.random(len(chosen)) >= SHIFTED] = 1
        batch = np.ascontiguousarray(windows[chosen, :, shifts[:, 0], shifts[:, 1]])
        loss = nn.functional.cross_entropy(network(from_numpy(batch)), from_numpy(labels[chosen]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _minibatches(count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Index sets without end: all images in random order, again and again."""
    size = min(BATCH, count)
    while True:
        order = rng.permutation(count)
        yield from np.split(order[: count // size * size], count // size)
