"""Unpaired translation between two domains: the losses, and what is measured of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .... import ops, random
from ....autograd import no_grad
from ....gan import GANTask, least_squares_discriminator_loss
from ....gan.grid import picture
from ....gan.trainer import draw
from ....nn import Module
from ....tensor import Tensor
from .pool import ImagePool


class Unpaired(NamedTuple):
    """Images of A (N, …) and images of B (N, …), of other things: real ones, or translated ones F(b) and G(a)."""

    a: Tensor
    b: Tensor


def cycle_loss(again: Tensor, start: Tensor) -> Tensor:
    """E |F(G(a)) - a|, with `again` = F(G(a)) and `start` = a: the mean over all numbers (eq. 2)."""
    return (again - start).abs().mean()


class CycleTask(GANTask):
    """G: A → B and F: B → A (`Translators`), against D_A and D_B (`Discriminators`).

    Batches hold images (N, …) in [0, 1]; the first half is of A, and `other` makes B of the second half, so that no
    image is seen in both. Both generators descend E (D_B(G(a)) - 1)² + E (D_A(F(b)) - 1)² + cycle · (E |F(G(a)) - a| +
    E |G(F(b)) - b|) + cycle · identity · (E |G(b) - b| + E |F(a) - a|), both discriminators ½ E (D - 1)² + ½ E D² on
    real images and on those of a pool (eq. 3, with the squares of section 4). Samples are the images of A that `show`
    was given, translated. ValueError for a batch of one image.
    """

    def __init__(self, *networks: Any, other: Any, cycle: float, identity: float, pool: int, **parts: Any) -> None:
        super().__init__(*networks, **parts)
        self.other, self.cycle, self.identity = other, cycle, identity
        self.pools = ImagePool(pool, self.rng), ImagePool(pool, self.rng)  # of G(a), of F(b)
        self.measured = {"cycle": 0.0, "identity": 0.0}
        self.test: Tensor | None = None

    def show(self, images: Tensor, count: int = 32) -> None:
        """Images of A in [0, 1]: the first `count` are drawn, all are what `evaluate` measures on."""
        self.test = images
        self.fixed_noise = self.ranged(images[:count]).clone()

    def ranged(self, images: Tensor) -> Tensor:
        """Images in [0, 1] in the range of the translators."""
        return images * 2.0 - 1.0 if self.centre else images

    def read(self, batch: Any) -> Any:
        """a, the first half of the images, and b, made of the second."""
        images = batch[0] if isinstance(batch, (tuple, list)) else batch
        half = images.shape[0] // 2
        if half == 0:
            raise ValueError(f"[CycleTask] expected batches of two images or more, got {images.shape[0]}")
        return Unpaired(self.ranged(images[:half]), self.ranged(self.other(images[half : 2 * half])))

    def latent(self, real: Any) -> Tensor:
        return ops.cat([real.a, real.b], 0)

    def generate(self, latent: Tensor) -> Any:
        """F(b), which is to be of A, and G(a), which is to be of B."""
        half = latent.shape[0] // 2
        a, b = latent[:half], latent[half:]
        made_b, made_a = self.generator.G(a), self.generator.F(b)
        return Unpaired(made_a, made_b)

    def score(self, samples: Any) -> Tensor:
        """What D_A and D_B say of images of their domains, (N, scores)."""
        parts = self.discriminator.D_A(samples.a), self.discriminator.D_B(samples.b)
        return ops.cat([part.flatten(1) for part in parts], 1)

    def discriminator_loss(self, real: Any, fake: Any) -> tuple[Tensor, dict[str, Tensor]]:
        D_A, D_B = self.discriminator.D_A, self.discriminator.D_B
        old_b, old_a = self.pools[0].query(fake.b), self.pools[1].query(fake.a)
        on_b, on_old_b = D_B(real.b), D_B(old_b)
        loss = least_squares_discriminator_loss(on_b, on_old_b)
        loss = loss + least_squares_discriminator_loss(D_A(real.a), D_A(old_a))
        return loss, self.beliefs(on_b, on_old_b)

    def generator_loss(self, fake: Any) -> Tensor:
        assert self.real is not None
        a, b = self.real
        G, F = self.generator.G, self.generator.F
        loss = (self.discriminator.D_B(fake.b) - 1.0).square().mean()
        loss = loss + (self.discriminator.D_A(fake.a) - 1.0).square().mean()
        cycle = cycle_loss(F(fake.b), a) + cycle_loss(G(fake.a), b)
        loss = loss + cycle * self.cycle
        self.measured["cycle"] = float(cycle.item())
        if self.identity:
            same = cycle_loss(G(b), b) + cycle_loss(F(a), a)
            loss = loss + same * (self.cycle * self.identity)
            self.measured["identity"] = float(same.item())
        return loss

    def figures(self) -> dict[str, float]:
        return dict(self.measured)

    def evaluate(self) -> dict[str, float]:
        """How far translated test images are from what they should be, which training never sees: mean |…| in [0, 1].

        "error_there" is |G(a) - other(a)|, "error_back" is |F(other(a)) - a|.
        """
        if self.test is None:
            return {}
        with no_grad():
            right = self.other(self.test)
        there = draw(self.sampler(), self.ranged(self.test), self.centre)
        back = draw(self._translators().F, self.ranged(right), self.centre)
        return {
            "error_there": float(np.abs(there - right.numpy()).mean()),
            "error_back": float(np.abs(back - self.test.numpy()).mean()),
        }

    def _translators(self) -> Any:
        return self.generator if self.average is None else self.average.module

    def sampler(self) -> Module:
        return self._translators().G

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
