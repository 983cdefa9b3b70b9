"""How CycleGAN is built, trained and sampled from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ....gan import LEAST_SQUARES, Noise
from ...registry import Data, Entry
from .. import assemble
from ..assemble import Config, Variant, samples_of
from ..networks import LARGER
from .doctor import TranslationDoctor
from .domains import DOMAINS
from .networks import networks
from .task import CycleTask, translated


def parts(config: Config) -> dict[str, Any]:
    """The other domain, and the weights of the losses."""
    other = DOMAINS[config["domain"]]
    return {"objective": LEAST_SQUARES, "other": other, **{key: config[key] for key in ("cycle", "identity", "pool")}}


def callbacks(data: Data, config: Config) -> list[Any]:
    """The doctor of translators."""
    return [TranslationDoctor(data.train, DOMAINS[config["domain"]], seed=config["seed"])]


class CycleVariant(Variant):
    """Samples are test images translated; those for the pictures are kept with the state."""

    def entry(self) -> Entry:
        return replace(super().entry(), callbacks=callbacks, walk=None)

    def build(self, data: Data, config: Config) -> Any:
        task: Any = super().build(data, config)
        task.show(samples_of(data.test, 256))
        return task

    def sample(self, state: Config, config: Config, count: int, seed: int) -> np.ndarray:
        generators: Any = self.generator(state, config)
        return translated(generators.G, state["fixed_noise"], count, seed, True)


UNUSED = ("noise", "noise_kind", "norm", "r1")
# Batches of 2: one image of each domain, as in the paper; half of the 200 epochs at the full rate.
OWN = {
    "epochs": 200,
    "batch_size": 2,
    "lr_schedule": "late-linear",
    "domain": "edges",
    "cycle": 10.0,
    "identity": 0.5,
    "pool": 50,
}
ENTRY = CycleVariant(
    "cyclegan",
    "two domains of images translated into each other without pairs (Zhu et al. 2017)",
    {**{k: v for k, v in assemble.DEFAULTS.items() if k not in UNUSED}, "width": 32, "blocks": 3, **OWN},
    networks,
    parts,
    {
        "digits": {"epochs": 30, "batch_size": 16, "width": 16, "blocks": 1, "lr": 1e-3, "identity": 0.0},
        **{name: {"epochs": 10, "batch_size": 64} for name in (*LARGER, "cifar10")},
    },
    task=CycleTask,
    capture=False,  # its pools choose by numbers that Python reads
    latent=lambda config: Noise(1),
    paper={"width": 64, "blocks": 6},
).entry()
