"""Adversarial training: Algorithm 1 of Goodfellow et al. 2014, in parts that can be exchanged."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from .. import random
from ..autograd import no_grad
from ..checks import integer
from ..creation import as_tensor
from ..nn import Module
from ..replay import capture as recorded
from ..tensor import Tensor
from ..train.divergence import require_finite
from . import grid
from .average import MovingAverage
from .losses import NON_SATURATING, Objective
from .noise import Noise
from .penalties import Penalty


class Samples(NamedTuple):
    """Samples (N, …), and in rows (N, M) what each was asked to show, if anything: a class as ones and zeros, codes."""

    data: Tensor
    given: Any = None


class GANTask:
    """A generator and a discriminator trained against each other, one minibatch of real samples a step.

    Every `step` is a discriminator step; every k-th is followed by a generator step, so that k discriminator steps
    go with one generator step (arXiv:1406.2661, Algorithm 1). Each draws fresh noise. Real samples are in [0, 1] and
    are moved to [-1, 1], the range of tanh, where `centre` is set; generated ones are moved back.

    `objective` gives the two losses, `penalties` what is added to the discriminator's, `average` the decay of a
    moving average of the generator from which samples are then drawn. All random numbers come from `seed` and go
    on with `state_dict`.

    A variant replaces the parts in which it differs: `read`, `latent`, `generate` and `score` say what is seen, drawn,
    made and scored; `discriminator_loss` and `generator_loss` what is minimised; `after_discriminator` and
    `after_generator` what follows an update; `extra_state` and `load_extra_state` what else must be kept to go on.

    With `capture` the two descents are recorded steps (`pydl.capture`), of the same bits: what is drawn, computed and
    minimised must then be tensors all the way, and the same operations in every step of a `phase`. What comes before
    and after them (`read`, the two hooks, the moving average) is free.

    TypeError or ValueError for a `k` that is no integer >= 1 or an `average` outside [0, 1). A `step` whose loss is not
    finite raises DivergenceError before it takes gradients.
    """

    def __init__(
        self,
        generator: Module,
        discriminator: Module,
        optimizer_g: Any,
        optimizer_d: Any,
        noise: Noise,
        *,
        objective: Objective = NON_SATURATING,
        penalties: Sequence[Penalty] = (),
        k: int = 1,
        average: float | None = None,
        centre: bool = True,
        seed: int = 0,
        grid_size: int = 64,
        picture: Callable[[np.ndarray], np.ndarray | None] = grid.picture,
        capture: bool = False,
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.optimizer_g, self.optimizer_d = optimizer_g, optimizer_d
        self.noise, self.objective, self.penalties = noise, objective, tuple(penalties)
        self.k, self.centre, self.picture = integer("GANTask", "k", k, 1), centre, picture
        self.average = None if average is None else MovingAverage(generator, average)
        self.rng = random.Generator(seed)
        self.fixed_noise = noise(grid_size, self.rng)
        self.steps, self.loss_g = 0, 0.0
        self.real: Samples | None = None  # those of a generator step, for losses that compare with them
        self._descend_d = recorded(self._discriminator_descent) if capture else self._discriminator_descent
        self._descend_g = recorded(self._generator_descent) if capture else self._generator_descent

    def read(self, batch: Any) -> Samples:
        """The real samples of a batch of the loader, in the generator's range."""
        real = batch[0] if isinstance(batch, (tuple, list)) else batch
        return Samples(real * 2.0 - 1.0 if self.centre else real)

    def latent(self, real: Samples) -> Tensor:
        """The generator's input for as many samples as there are real ones."""
        return self.noise(real.data.shape[0], self.rng)

    def generate(self, latent: Tensor) -> Samples:
        """What the generator makes of `latent`; the columns after the noise are what it was asked to show."""
        given = latent[:, self.noise.size :] if latent.shape[1] > self.noise.size else None
        return Samples(self.generator(latent), given)

    def score(self, samples: Samples) -> Tensor:
        """The discriminator's logits, one number for each sample."""
        return self.discriminator(samples.data)

    def phase(self) -> Any:
        """A number or string for what is done otherwise from some step on: each phase is a recorded step of its own."""
        return None

    def discriminator_loss(self, real: Samples, fake: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        """What the discriminator minimises, and figures about it, tensors of one element."""
        on_real, on_fake = self.score(real), self.score(fake)
        loss = self.objective.discriminator(on_real, on_fake)
        return self.penalised(loss, real, fake), self.beliefs(on_real, on_fake)

    def generator_loss(self, fake: Samples) -> Tensor:
        """What the generator minimises."""
        return self.objective.generator(self.score(fake))

    def after_discriminator(self, figures: dict[str, float]) -> None:
        """Called after every update of the discriminator, with the figures of its loss."""

    def after_generator(self) -> None:
        """Called after every update of the generator."""

    def extra_state(self) -> dict[str, Any]:
        """What a variant keeps beside the networks and changes in training."""
        return {}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """Go on from what `extra_state` gave."""

    def penalised(self, loss: Tensor, real: Samples, fake: Samples) -> Tensor:
        """`loss` plus the penalties, whose slopes are those of `score` with what the real samples show held fixed."""
        for penalty in self.penalties:
            loss = loss + penalty(lambda x: self.score(Samples(x, real.given)), real.data, fake.data, self.rng)
        return loss

    def beliefs(self, on_real: Tensor, on_fake: Tensor) -> dict[str, Tensor]:
        """What the discriminator thinks of real and of generated samples on the mean."""
        with no_grad():
            return {"d_real": self.objective.belief(on_real), "d_fake": self.objective.belief(on_fake)}

    def step(self, batch: Any) -> dict[str, float]:
        """One discriminator step on the real samples of `batch`, and a generator step where it is due.

        Returns the two losses (the generator's is the latest) and the figures of `discriminator_loss`.
        """
        real = self.read(batch)
        result = self.discriminator_step(real)
        self.steps += 1
        if self.steps % self.k == 0:
            self.generator_step(real)
        return {"loss_d": result["loss_d"], "loss_g": self.loss_g, **result, **self.figures()}

    def figures(self) -> dict[str, float]:
        """What a variant adds to the figures of a step, once both networks have moved."""
        return {}

    def discriminator_step(self, real: Samples) -> dict[str, float]:
        """Descend the discriminator's loss on `real` and as many generated samples, which are held fixed."""
        loss, tensors = self._descend_d(self.phase(), real)
        figures = {name: tensor.item() for name, tensor in tensors.items()}
        self.after_discriminator(figures)
        return {"loss_d": loss.item(), **figures}

    def _discriminator_descent(self, phase: Any, real: Samples) -> tuple[Tensor, dict[str, Tensor]]:
        with no_grad():
            fake = self.generate(self.latent(real))
        loss, figures = self.discriminator_loss(real, fake)
        require_finite("loss_d", loss)
        self.optimizer_d.zero_grad()
        loss.backward()
        self.optimizer_d.step()
        return loss, figures

    def generator_step(self, real: Samples) -> None:
        """Descend the generator's loss on as many fresh samples as `real` has; the discriminator takes no gradient."""
        learning = [p for p in self.discriminator.parameters() if p.requires_grad]
        for parameter in learning:
            parameter.requires_grad = False
        try:
            self.loss_g = self._descend_g(self.phase(), real).item()
        finally:
            for parameter in learning:
                parameter.requires_grad = True
        if self.average is not None:
            self.average.update(self.generator)
        self.after_generator()

    def _generator_descent(self, phase: Any, real: Samples) -> Tensor:
        self.real = real
        loss = self.generator_loss(self.generate(self.latent(real)))
        self.real = None
        require_finite("loss_g", loss)
        self.optimizer_g.zero_grad()
        loss.backward()
        self.optimizer_g.step()
        return loss

    def evaluate(self) -> dict[str, float]:
        """Nothing: a GAN has no validation loss."""
        return {}

    def sample(self, count: int, seed: int | None = None) -> np.ndarray:
        """`count` generated samples, images in [0, 1], from the moving average of the generator where there is one.

        The noise is that of the grid for no `seed`; ValueError where it is not enough. Samples are made by the
        generator in evaluation mode.
        """
        if seed is None and count > len(self.fixed_noise):
            raise ValueError(f"[sample] expected at most {len(self.fixed_noise)} samples without a seed, got {count}")
        noise = self.fixed_noise if seed is None else self.noise(count, random.Generator(seed))
        return draw(self.sampler(), noise[:count], self.centre)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """What is drawn and counted inside (random numbers, running statistics) is forgotten; without gradients."""
        before = self.rng.get_state()
        buffers = [b for network in (self.generator, self.discriminator) for b in network.buffers()]
        values = [b.detach().clone() for b in buffers]
        try:
            with random.fork_rng(), no_grad():
                yield
        finally:
            self.rng.set_state(before)
            with no_grad():
                for buffer, value in zip(buffers, values, strict=True):
                    buffer.copy_(value)

    def sampler(self) -> Module:
        """The generator that samples are drawn from."""
        return self.generator if self.average is None else self.average.module

    def sample_grid(self) -> np.ndarray | None:
        """The samples of one fixed noise as a picture, made by `picture`."""
        return self.picture(self.sample(self.fixed_noise.shape[0]))

    def _parts(self) -> dict[str, Any]:
        parts = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "optimizer_g": self.optimizer_g,
            "optimizer_d": self.optimizer_d,
        }
        return parts if self.average is None else {**parts, "average": self.average}

    def state_dict(self) -> dict[str, Any]:
        """All that goes on changing: both networks and optimizers, the average, counters and random numbers."""
        return {
            **{name: part.state_dict() for name, part in self._parts().items()},
            "fixed_noise": self.fixed_noise,
            "rng": self.rng.get_state(),
            "steps": self.steps,
            "loss_g": self.loss_g,
            **({"extra": extra} if (extra := self.extra_state()) else {}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state`, bit for bit; ValueError, and no change, for the state of another task."""
        before = copy.deepcopy(self.state_dict())
        if set(state) != set(before):
            raise ValueError(f"[load_state_dict] expected keys {sorted(before)}, got {sorted(state)}")
        if state["fixed_noise"].shape != self.fixed_noise.shape:
            wanted, got = self.fixed_noise.shape, state["fixed_noise"].shape
            raise ValueError(f"[load_state_dict] expected fixed_noise of shape {wanted}, got {got}")
        try:
            self._load(state)
        except BaseException:
            self._load(before)
            raise

    def _load(self, state: dict[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.rng.set_state(state["rng"])
        self.fixed_noise = as_tensor(state["fixed_noise"])
        self.steps, self.loss_g = int(state["steps"]), float(state["loss_g"])
        if "extra" in state:
            self.load_extra_state(state["extra"])


def draw(generator: Module, noise: Tensor, centre: bool, batch: int = 256) -> np.ndarray:
    """What `generator` makes of `noise` in evaluation mode, `batch` samples at a time; its mode is kept.

    Where `centre` is set, from [-1, 1] to [0, 1]; what lies outside is cut off.
    """
    mode = generator.training
    generator.eval()
    try:
        with no_grad():
            parts = [generator(part).numpy() for part in noise.split(batch)]
    finally:
        generator.train(mode)
    samples = np.concatenate(parts)
    return np.clip((samples + 1) / 2, 0, 1) if centre else samples
