"""Unpaired translation between two domains (Zhu et al. 2017, arXiv:1703.10593)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops, random
from ..autograd import no_grad
from ..creation import as_tensor, from_numpy
from ..nn import Module
from ..tensor import Tensor
from .doctor import Doctor
from .grid import picture
from .losses import least_squares_discriminator_loss
from .trainer import GANTask, Samples, draw


def cycle_loss(there_and_back: Tensor, start: Tensor) -> Tensor:
    """E |F(G(x)) - x|, the mean over all numbers (eq. 2)."""
    return (there_and_back - start).abs().mean()


class ImagePool:
    """The last generated images, `size` of them, so that a discriminator does not forget (section 4).

    Until it is full, images go in and are given back. Then, image by image, with probability ½ an image that lies in
    the pool is given back and the new one takes its place. Chance comes from `generator`.
    """

    def __init__(self, size: int, generator: random.Generator) -> None:
        self.size, self.generator = size, generator
        self.images: list[np.ndarray] = []

    def query(self, images: Tensor) -> Tensor:
        """As many images as there are in `images` (N, …), new or old."""
        if self.size == 0:
            return images
        given = images.detach().numpy().copy()
        chances = random.rand(len(given), 2, generator=self.generator).numpy()
        for i, (swap, place) in enumerate(chances):
            if len(self.images) < self.size:
                self.images.append(given[i].copy())
            elif swap < 0.5:
                chosen = int(place * self.size)
                old, self.images[chosen] = self.images[chosen], given[i].copy()
                given[i] = old
        return from_numpy(given)

    def state_dict(self) -> dict[str, Any]:
        return {"images": from_numpy(np.stack(self.images)) if self.images else None}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        images = state["images"]
        self.images = [] if images is None else list(as_tensor(images).numpy().copy())


class CycleTask(GANTask):
    """G: A → B and F: B → A, with a discriminator for each domain.

    Batches hold images (N, …) in [0, 1]; the first half is of A, and `other` makes B of the second half, so that no
    image is seen in both. Both generators descend E (D_B(G(a)) - 1)² + E (D_A(F(b)) - 1)² + cycle · (E |F(G(a)) - a| +
    E |G(F(b)) - b|) + cycle · identity · (E |G(b) - b| + E |F(a) - a|), both discriminators ½ E (D - 1)² + ½ E D² on
    real images and on those of a pool. Samples are the images of A that `show` was given, translated.
    """

    def __init__(self, *networks: Any, other: Any, cycle: float, identity: float, pool: int, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.other, self.cycle, self.identity = other, cycle, identity
        self.pools = ImagePool(pool, self.rng), ImagePool(pool, self.rng)
        self.measured = {"cycle": 0.0, "identity": 0.0}
        self.test: Tensor | None = None

    def show(self, images: Tensor, count: int = 32) -> None:
        """Images of A in [0, 1]: the first `count` are drawn, all are what `evaluate` measures on."""
        self.test = images
        self.fixed_noise = self.ranged(images[:count]).clone()

    def ranged(self, images: Tensor) -> Tensor:
        """Images in [0, 1] in the range of the translators."""
        return images * 2.0 - 1.0 if self.centre else images

    def read(self, batch: Any) -> Samples:
        """Images of A, and beside them (as `given`) images of B."""
        images = batch[0] if isinstance(batch, (tuple, list)) else batch
        half = images.shape[0] // 2
        if half == 0:
            raise ValueError(f"[CycleTask] expected batches of two images or more, got {images.shape[0]}")
        return Samples(self.ranged(images[:half]), self.ranged(self.other(images[half : 2 * half])))

    def latent(self, real: Samples) -> Tensor:
        return ops.cat([real.data, real.given], 0)

    def generate(self, latent: Tensor) -> Samples:
        """F(b), which is to be of A, and G(a), as `given`."""
        half = latent.shape[0] // 2
        there, back = self.generator.first(latent[:half]), self.generator.second(latent[half:])
        return Samples(back, there)

    def score(self, samples: Samples) -> Tensor:
        """What both judges think of images of their domains, (N, scores)."""
        parts = self.discriminator.first(samples.data), self.discriminator.second(samples.given)
        return ops.cat([part.flatten(1) for part in parts], 1)

    def discriminator_loss(self, real: Samples, fake: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        a, b, judges = real.data, real.given, self.discriminator
        old_b, old_a = self.pools[0].query(fake.given), self.pools[1].query(fake.data)
        on_b, on_old_b = judges.second(b), judges.second(old_b)
        loss = least_squares_discriminator_loss(on_b, on_old_b)
        loss = loss + least_squares_discriminator_loss(judges.first(a), judges.first(old_a))
        return loss, self.beliefs(on_b, on_old_b)

    def generator_loss(self, fake: Samples) -> Tensor:
        assert self.real is not None
        a, b = self.real.data, self.real.given
        there, back = self.generator.first, self.generator.second
        loss = (self.discriminator.second(fake.given) - 1.0).square().mean()
        loss = loss + (self.discriminator.first(fake.data) - 1.0).square().mean()
        cycle = cycle_loss(back(fake.given), a) + cycle_loss(there(fake.data), b)
        loss = loss + cycle * self.cycle
        self.measured["cycle"] = float(cycle.item())
        if self.identity:
            same = cycle_loss(there(b), b) + cycle_loss(back(a), a)
            loss = loss + same * (self.cycle * self.identity)
            self.measured["identity"] = float(same.item())
        return loss

    def figures(self) -> dict[str, float]:
        return dict(self.measured)

    def evaluate(self) -> dict[str, float]:
        """How far translated test images are from what they should be, which training never sees: mean |…| in [0, 1].

        "there" is |G(a) - other(a)|, "back" is |F(other(a)) - a|.
        """
        if self.test is None:
            return {}
        with no_grad():
            right = self.other(self.test)
        there = draw(self.sampler(), self.ranged(self.test), self.centre)
        back = draw(self._translators().second, self.ranged(right), self.centre)
        return {
            "error_there": float(np.abs(there - right.numpy()).mean()),
            "error_back": float(np.abs(back - self.test.numpy()).mean()),
        }

    def _translators(self) -> Any:
        return self.generator if self.average is None else self.average.module

    def sampler(self) -> Module:
        return self._translators().first

    def sample(self, count: int, seed: int | None = None) -> np.ndarray:
        """Translations of the images of `show`: the first of them, or chosen by `seed`."""
        return translated(self.sampler(), self.fixed_noise, count, seed, self.centre)

    def sample_grid(self) -> np.ndarray | None:
        """Rows of images of A, each above its translations."""
        sources = self.fixed_noise.numpy()
        rows = [sources / 2 + 0.5 if self.centre else sources, self.sample(len(sources))]
        pairs = [part[i : i + 8] for i in range(0, len(sources), 8) for part in rows]
        return picture(np.concatenate(pairs), 8)

    def extra_state(self) -> dict[str, Any]:
        return {"pools": [pool.state_dict() for pool in self.pools], "measured": dict(self.measured)}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        for pool, saved in zip(self.pools, state["pools"], strict=True):
            pool.load_state_dict(saved)
        self.measured = {name: float(state["measured"][name]) for name in self.measured}


def translated(network: Module, images: Tensor, count: int, seed: int | None, centre: bool) -> np.ndarray:
    """`count` of `images`, the first or those that `seed` chooses, after `network`."""
    chosen = images[:count]
    if seed is not None:
        chosen = images[random.randint(0, images.shape[0], (count,), generator=random.Generator(seed))]
    return draw(network, chosen, centre)


class TranslationDoctor(Doctor):
    """A doctor of translators: translated training images of A are to vary as what `other` makes of them does.

    It does not look for memorising: a translation is of an image that was given.
    """

    def __init__(self, train: Any, other: Any, **options: Any) -> None:
        self.other = other
        super().__init__(train, **options)

    def images(self) -> Tensor:
        """Training images of A."""
        return from_numpy(np.ascontiguousarray(super().real()))

    def real(self) -> np.ndarray:
        with no_grad():
            return self.other(self.images()).numpy()

    def samples(self, task: Any) -> np.ndarray:
        return draw(task.sampler(), task.ranged(self.images()), task.centre)
