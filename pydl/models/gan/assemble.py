"""From two networks and a configuration to a task, and from a task's state to samples: for every GAN."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import nn, optim, random
from ...gan import OBJECTIVES, GANTask, Noise
from ...gan.trainer import draw
from ..registry import Data, complete

Networks = tuple[nn.Module, nn.Module]
Config = Mapping[str, Any]

DEFAULTS = {
    "data": "digits",
    "epochs": 100,
    "batch_size": 64,
    "lr": 2e-4,
    "lr_schedule": "none",
    "beta1": 0.5,
    "beta2": 0.999,
    "loss": "non-saturating",
    "k": 1,
    "noise": 100,
    "noise_kind": "uniform",
    "average": 0.0,
    "seed": 0,
}


def build(networks: Callable[[Config], Networks], data: Data, config: Config, **parts: Any) -> GANTask:
    """The task of two networks trained by Adam with what `config` says; `parts` go to GANTask."""
    config = complete(config, data)
    if config["loss"] not in OBJECTIVES:
        near = difflib.get_close_matches(str(config["loss"]), OBJECTIVES, cutoff=0.4) or list(OBJECTIVES)
        raise ValueError(f"[gan] expected loss to be one of {', '.join(near)}, got {config['loss']!r}")
    random.manual_seed(config["seed"])
    generator, discriminator = networks(config)
    options: dict[str, Any] = {"lr": config["lr"], "betas": (config["beta1"], config["beta2"])}
    return GANTask(
        generator,
        discriminator,
        optim.Adam(generator.parameters(), **options),
        optim.Adam(discriminator.parameters(), **options),
        _noise(config),
        objective=OBJECTIVES[config["loss"]],
        k=config["k"],
        average=config["average"] or None,
        centre=_is_image(config),
        seed=config["seed"],
        **parts,
    )


def sample(networks: Callable[[Config], Networks], state: Config, config: Config, count: int, seed: int) -> np.ndarray:
    """`count` samples from the state of a task, by its moving average where it kept one; images in [0, 1]."""
    generator, _ = networks(config)
    average = state.get("average")
    generator.load_state_dict(state["generator"] if average is None else average["module"])
    noise = _noise(config)(count, random.Generator(seed))
    return draw(generator, noise, _is_image(config))


def callbacks(data: Data, config: Config) -> list[Any]:
    """The doctor; and ten times in the training and at its end, of images with classes their quality, of a mixture
    the modes."""
    from ...data.toys import modes_of
    from ...gan.doctor import Doctor
    from ...gan.report import ModesReport, QualityReport

    every = max(1, config["epochs"] // 10)
    mixture = modes_of(data.train.name)
    doctor = Doctor(data.train, data.test, seed=config["seed"])
    if mixture is not None:
        return [doctor, ModesReport(*mixture, every=every, seed=config["seed"])]
    if len(data.train.image_shape) != 3 or not 2 <= len(data.train.classes) <= 100:
        return [doctor]
    return [doctor, QualityReport(data.train, data.test, every=every, seed=config["seed"])]


def _noise(config: Config) -> Noise:
    return Noise(config["noise"], config["noise_kind"])


def _is_image(config: Config) -> bool:
    return len(config["shape"]) == 3
