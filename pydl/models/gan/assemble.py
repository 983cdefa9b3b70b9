"""From two networks and a configuration to a task, and from a task's state to samples: for every GAN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ... import nn, optim, random
from ...creation import from_numpy
from ...data import DataLoader
from ...gan import OBJECTIVES, Codes, GANTask, Noise, interpolate, point_map, zero_centred_penalty
from ...gan.trainer import draw
from ..registry import Data, Entry, class_count, complete

Networks = tuple[nn.Module, nn.Module]
Config = Mapping[str, Any]

PLANES = ("ring", "grid", "swiss-roll", "moons", "xor")
NORMS = ("batch", "none", "spectral")
DEFAULTS = {
    "data": "digits",
    "preset": "data",
    "epochs": 100,
    "batch_size": 64,
    "lr": 2e-4,
    "lr_schedule": "none",
    "beta1": 0.5,
    "beta2": 0.999,
    "k": 1,
    "noise": 100,
    "noise_kind": "uniform",
    "average": 0.0,
    "norm": "batch",
    "r1": 0.0,
    "seed": 0,
}


def chosen_loss(config: Config) -> dict[str, Any]:
    """The objective that the option `loss` names."""
    return {"objective": OBJECTIVES[config["loss"]]}


def plain_noise(config: Config) -> Noise:
    """The generator's input where it is noise alone."""
    return Noise(config["noise"], config["noise_kind"])


def labelled(config: Config) -> int:
    """How many classes the data is labelled with; ValueError for data without labels."""
    if config["classes"] < 2:
        model, data, classes = config.get("model", "gan"), config["data"], config["classes"]
        raise ValueError(f"[{model}] expected data with labels of 2 classes or more, got {data} with {classes}")
    return config["classes"]


def codes(config: Config) -> Codes:
    """Noise, and a class of the data as ones and zeros."""
    return Codes(config["noise"], config["noise_kind"], labelled(config))


def adam(parameters: Any, lr: float, config: Config) -> Any:
    """Adam with the betas of `config`."""
    return optim.Adam(parameters, lr=lr, betas=(config["beta1"], config["beta2"]))


def adam_or_sgd(parameters: Any, lr: float, config: Config) -> Any:
    """As the option `optimizer` says; the momentum of SGD is `beta1`."""
    if config["optimizer"] == "adam":
        return adam(parameters, lr, config)
    return optim.SGD(parameters, lr=lr, momentum=config["beta1"])


@dataclass(frozen=True)
class Variant:
    """A kind of GAN: what is its own, from which the entry of the registry is made.

    `parts(config)` gives what the task takes beside networks, optimizers and noise: its objective, its penalties,
    its own numbers. `defaults` are those of its paper but for `paper`. An option `lr_g` is the generator's learning
    rate where it is not the discriminator's. A generator is `asked` for the classes of the data where it takes them.
    Steps are recorded where `capture` is set.
    """

    name: str
    description: str
    defaults: Mapping[str, Any]
    networks: Callable[[Config], Networks]
    parts: Callable[[Config], dict[str, Any]]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    task: type[GANTask] = GANTask
    latent: Callable[[Config], Noise] = plain_noise
    optimizer: Callable[[Any, float, Config], Any] = adam
    asked: bool = False
    capture: bool = True
    paper: Mapping[str, Any] = field(default_factory=dict)

    def entry(self) -> Entry:
        """The model as the registry has it."""
        return Entry(
            self.name,
            self.description,
            self.defaults,
            self.build,
            self.presets,
            self.sample,
            self.walk,
            partial(callbacks, asked=self.asked),
            paper=self.paper,
        )

    def build(self, data: Data, config: Config) -> GANTask:
        """The task that `config` describes; ValueError where the data or an option does not fit."""
        config = complete(config, data)
        parts = {**view(data, self.latent(config)), **self.parts(config)}
        if config.get("r1"):
            parts["penalties"] = [*parts.get("penalties", ()), zero_centred_penalty(config["r1"])]
        random.manual_seed(config["seed"])
        generator, discriminator = self.networks(config)
        task = self.task(
            generator,
            discriminator,
            self.optimizer(generator.parameters(), config.get("lr_g", config["lr"]), config),
            self.optimizer(discriminator.parameters(), config["lr"], config),
            self.latent(config),
            k=config["k"],
            average=config["average"] or None,
            centre=is_image(config),
            seed=config["seed"],
            capture=self.capture,
            **parts,
        )
        try_batch(task, data.train, config["batch_size"])
        return task

    def sample(self, state: Config, config: Config, count: int, seed: int) -> np.ndarray:
        """`count` samples from the state of a task, by its moving average where it kept one; images in [0, 1]."""
        noise = self.latent(config)(count, random.Generator(seed))
        return draw(self.generator(state, config), noise, is_image(config))

    def walk(self, state: Config, config: Config, rows: int, steps: int, seed: int) -> np.ndarray:
        """`rows` walks of `steps` samples each, between two noises: on an arc where they are normal.

        What follows the noise in a latent (classes, codes, a StyleGAN's noise of pixels) stays as it is in a row.
        """
        rng, latent = random.Generator(seed), self.latent(config)
        starts, ends = (latent(rows, rng).numpy() for _ in range(2))
        size = latent.size
        walks = starts[:, None].repeat(steps, 1)
        arc = latent.kind == "normal" and size > 1
        walks[:, :, :size] = interpolate(starts[:, :size], ends[:, :size], steps, spherical=arc).swapaxes(0, 1)
        latents = from_numpy(walks.reshape(rows * steps, -1))
        return draw(self.generator(state, config), latents, is_image(config))

    def generator(self, state: Config, config: Config) -> nn.Module:
        """The generator in the state of a task that samples are drawn from."""
        generator, _ = self.networks(config)
        average = state.get("average")
        generator.load_state_dict(state["generator"] if average is None else average["module"])
        return generator


def view(data: Data, latent: Noise) -> dict[str, Any]:
    """How samples are drawn: points of the plane as a map, wider than the data by a tenth; classes in columns."""
    if data.train.image_shape != (2,):
        return {"grid_size": latent.classes**2} if isinstance(latent, Codes) and latent.classes <= 16 else {}
    low, high = data.train.data.min(0), data.train.data.max(0)
    margin = (high - low) * np.float32(0.1)
    return {"picture": partial(point_map, low=low - margin, high=high + margin), "grid_size": 2500}


def try_batch(task: GANTask, part: Any, size: int) -> None:
    """ValueError, before any training, where the networks cannot take a batch of `size` samples of `part`.

    Batch norm needs two numbers for each channel, for example. Nothing is changed.
    """
    with task.undisturbed():
        real = task.read(next(iter(DataLoader(part, min(size, len(part))))))
        task.score(task.generate(task.latent(real)))


def samples_of(part: Any, count: int) -> Any:
    """The first `count` samples of a data set, with labels or without, as a tensor."""
    return next(iter(DataLoader(part, min(count, len(part)))))[0]


def batch_of(part: Any, count: int | None = None) -> tuple[Any, Any]:
    """The first `count` samples of a data set, or all of them, as one batch of tensors: samples and classes."""
    samples, classes = next(iter(DataLoader(part, min(count or len(part), len(part)))))
    return samples, classes.long()


def arrays_of(part: Any, centre: bool) -> tuple[np.ndarray, np.ndarray]:
    """All samples of a data set, in [-1, 1] where `centre` is set, and their classes."""
    images, labels = (column.numpy() for column in batch_of(part))
    return (images * np.float32(2) - 1 if centre else images), labels


def callbacks(data: Data, config: Config, asked: bool = False) -> list[Any]:
    """The doctor; ten times in the training and at its end the quality of images with classes, the modes of a mixture
    or of stacked digits.

    Of generators that are `asked` for classes also how often they show them.
    """
    from ...data.stacked import StackedDataset
    from ...data.toys import modes_of
    from ...gan.doctor import Doctor
    from ...gan.reports import AskedReport, ModesReport, QualityReport, TriplesReport

    often: dict[str, Any] = {"every": max(1, config["epochs"] // 10), "seed": config["seed"]}
    mixture, classes = modes_of(data.train.name), class_count(data)
    doctor = partial(Doctor, data.train, data.test, seed=config["seed"])
    if mixture is not None:
        return [doctor(kinds=("modes", len(mixture[0]))), ModesReport(*mixture, **often)]
    if isinstance(data.train, StackedDataset):
        return [doctor(kinds=("modes", classes)), TriplesReport(data.train, data.test, **often)]
    if len(data.train.image_shape) != 3 or not 2 <= classes <= 100:
        return [doctor()]
    report = AskedReport if asked else QualityReport
    return [doctor(kinds=("classes", classes)), report(data.train, data.test, **often)]


def norm_between(config: Config) -> str:
    """What stands between the discriminator's layers by the option `norm`: "batch" or "none".

    "spectral" is of weights (`spectrally_normalised`): there is nothing between layers then.
    """
    return "batch" if config["norm"] == "batch" else "none"


def spectrally_normalised(discriminator: nn.Module, config: Config) -> nn.Module:
    """`discriminator`, with spectral normalisation of every weight where `norm` is "spectral"."""
    if config["norm"] == "spectral":
        for module in list(discriminator.modules()):
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                nn.utils.spectral_norm(module)
    return discriminator


def is_image(config: Config) -> bool:
    """Whether the samples are images, in [0, 1]."""
    return len(config["shape"]) == 3
