"""What the doctor measures. Nothing here changes the networks, their running statistics or any random numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...checks import number
from ...nn import Module
from ...tensor import Tensor
from ..metrics import checks
from ..metrics.distance import square_blocks

if TYPE_CHECKING:
    from ..trainer import GANTask

CHUNK = 4096  # training samples that are compared at a time
LEAST = 4  # real samples of a kind that can be missed
TOLD = 0.6  # of the real samples that a guess gets wrong are of the kind of the nearest other one: it says the kind
SHARE = 0.25  # of its share of the real samples: with less a kind is not shown


class ToldApart(NamedTuple):
    """How far the discriminator tells real from generated samples.

    `real` and `fake` are the shares with a score above and below the objective's threshold, or the median score where
    it has none, `order` the share of pairs of one real and one generated sample of which the real one has the larger
    score (the area under the ROC curve).
    """

    real: float
    fake: float
    order: float


def gradient_norms(module: Module) -> dict[str, float]:
    """‖g‖₂ of each layer's own parameters together, by the layer's name; layers without gradients are left out."""
    found = {}
    for name, layer in module.named_modules():
        squares = [
            float(np.square(p.grad.detach().numpy(), dtype=np.float64).sum())
            for p in layer.parameters(recurse=False)
            if p.grad is not None
        ]
        if squares:
            found[name or "network"] = float(np.sqrt(sum(squares)))
    return found


def weight_norm(module: Module) -> float:
    """‖θ‖₂ of all parameters."""
    return float(np.sqrt(sum(np.square(p.detach().numpy(), dtype=np.float64).sum() for p in module.parameters())))


def told_apart(task: GANTask, batch: Any) -> ToldApart:
    """The discriminator on a batch of the loader and as many samples, both networks as they are while they train."""
    with task.undisturbed():
        real = task.read(batch)
        fake = task.generate(task.latent(real))
        on_real, on_fake = (_flat(task.score(part)) for part in (real, fake))
    order = (on_real[:, None] > on_fake).mean() + (on_real[:, None] == on_fake).mean() / 2
    between = task.objective.threshold
    if between is None:
        between = np.median(np.concatenate([on_real, on_fake]))
    return ToldApart(float((on_real > between).mean()), float((on_fake < between).mean()), float(order))


def _flat(scores: Tensor) -> np.ndarray:
    return scores.numpy().reshape(-1)


def reach(real: np.ndarray) -> float:
    """A third of the median distance of two real samples (N, D): nearer ones count as alike."""
    squares = np.concatenate([part for _, part in square_blocks(real, real)])
    median = np.median(squares[np.triu_indices(len(real), 1)])
    return max(float(np.sqrt(median)) / 3, float(np.finfo(np.float32).tiny))


def variety(samples: Any, within: float) -> float:
    """How many different samples (N, D) there seem to be: 1 / mean of exp(-|a - b|² / within²) over pairs.

    The mean is the probability that two samples are alike, which is 1 / K for K modes of equal shares that lie far
    apart: the birthday test of Arora, Risteski and Zhang 2018 as one number. At most N (N - 1) / 2.
    """
    samples = checks.samples("variety", "samples", samples, least=2)
    within = number("variety", "within", within, 0, finite=True, above=True)
    n = len(samples)
    alike = sum(float(np.exp(-squares / within**2).sum()) for _, squares in square_blocks(samples, samples))
    return 1.0 / max((alike - n) / (n * (n - 1)), 2.0 / (n * (n - 1)))


class Kinds:
    """Which of the labels (N,) of real samples (N, D) others show: that of the nearest real one.

    `count` is how many labels there are, 1 where the nearest sample does not tell the label of real ones.
    """

    def __init__(self, real: np.ndarray, labels: np.ndarray) -> None:
        self.real, self.labels = real, labels
        values, counts = np.unique(labels, return_counts=True)
        self.values, self.shares = values[counts >= LEAST], counts[counts >= LEAST] / len(labels)
        told = self._nearest(real, itself=False) == labels
        guess = counts.max() / len(labels)
        self.count = len(self.values) if told.mean() - guess > TOLD * (1 - guess) else 1

    def shown(self, samples: np.ndarray) -> int:
        """How many of the labels samples (M, D) have, each at least a quarter as often as the real ones."""
        found = self._nearest(samples)
        shares = [(found == value).mean() for value in self.values]
        return int((np.array(shares) >= SHARE * self.shares).sum()) if self.count > 1 else 1

    def _nearest(self, samples: np.ndarray, itself: bool = True) -> np.ndarray:
        found = np.empty(len(samples), self.labels.dtype)
        for rows, squares in square_blocks(samples, self.real):
            if not itself:
                squares[np.arange(len(squares)), np.arange(rows.start, rows.stop)] = np.inf
            found[rows] = self.labels[squares.argmin(1)]
        return found


def nearest_distances(samples: np.ndarray, known: Iterable[np.ndarray]) -> np.ndarray:
    """The distance of each of `samples` (N, D) to the nearest of the rows of all parts of `known`, each (M, D)."""
    best = np.full(len(samples), np.inf)
    for part in known:
        for rows, squares in square_blocks(samples, part):
            best[rows] = np.minimum(best[rows], squares.min(1))
    return np.sqrt(np.maximum(best, 0.0))
