"""What the options of the models mean, and which values they take; imported when one is checked or explained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ...gan import OBJECTIVES
from ...train.callbacks.schedule import SCHEDULES
from ..gan.assemble import NORMS
from ..gan.cyclegan.domains import DOMAINS
from ..gan.lsgan import TARGETS
from .image_task import AUGMENTATIONS


@dataclass(frozen=True)
class Option:
    """A sentence for the help; the words an option may be; the largest number; whether a count may be 0."""

    text: str = ""
    choices: tuple[str, ...] = ()
    most: float = math.inf
    zero: bool = False


PRESETS = ("data", "paper")
_NORM = "normalisation of the discriminator's layers"
OPTIONS = {
    "data": Option("the data set"),
    "preset": Option(
        "whose values options have that are not given: those chosen for the data, or the paper's", PRESETS
    ),
    "epochs": Option("times that all data is gone through"),
    "batch_size": Option("samples in a step"),
    "seed": Option("what all random numbers come from", zero=True),
    "lr": Option("learning rate"),
    "lr_g": Option("learning rate of the generator; --lr is the discriminator's"),
    "lr_schedule": Option("how the learning rate falls over the training", tuple(SCHEDULES)),
    "momentum": Option("momentum of SGD", most=1.0),
    "weight_decay": Option("weight of the squared parameters"),
    "optimizer": Option("the rule of the steps", ("adam", "sgd")),
    "beta1": Option("Adam's decay of the mean gradient; SGD's momentum", most=1.0),
    "beta2": Option("Adam's decay of the mean squared gradient", most=1.0),
    "augment": Option("random windows and mirror images of the training images", AUGMENTATIONS),
    "dropout": Option("probability with which a unit is masked", most=1.0),
    "hidden": Option("widths of the hidden layers"),
    "width": Option("maps of the layers that see the whole image, from which the others follow"),
    "depth": Option("layers of the mapping network"),
    "blocks": Option("residual blocks of a translator"),
    "map_width": Option("maps of the layers that see the label map"),
    "scale": Option("points are made this many times as wide as the networks see them"),
    "noise": Option("numbers that the generator makes a sample of"),
    "noise_kind": Option("their distribution", ("uniform", "normal")),
    "k": Option("discriminator steps to one of the generator"),
    "average": Option("decay of the generator's moving average, from which samples are drawn; 0: none", most=1.0),
    "norm": Option(_NORM, NORMS),
    "gan.norm": Option(_NORM, ("none", "spectral")),
    "norm_g": Option("normalisation of the generator's layers", ("batch", "none")),
    "r1": Option("weight of the penalty on the discriminator's slopes at real samples"),
    "loss": Option("what both networks minimise", tuple(OBJECTIVES)),
    "targets": Option("what the discriminator's outputs are drawn to", tuple(TARGETS)),
    "clip": Option("largest size of a weight of the critic"),
    "penalty": Option("weight of the penalty on slopes"),
    "pack": Option("samples that the discriminator sees at once"),
    "unroll": Option("steps of the discriminator that the generator looks ahead; 0: none", zero=True),
    "inner": Option("the rule of these steps", ("adam", "sgd")),
    "smooth": Option("target of the discriminator for real samples", most=1.0),
    "kernels": Option("kernels of minibatch discrimination"),
    "references": Option("samples of the reference batch of virtual batch normalisation"),
    "history": Option("weight of the distance from the parameters' past mean"),
    "match": Option("weight of the difference in the discriminator's features"),
    "labelled": Option("training samples whose class is told"),
    "follow": Option("decay of the moving average of the discriminator that is tested", most=1.0),
    "categories": Option("values of the class that nobody labelled"),
    "codes": Option("numbers beside it"),
    "head": Option("units of the network that finds them again"),
    "weight": Option("weight of finding them again"),
    "code": Option("numbers that the discriminator codes a sample in"),
    "margin": Option("energy above which generated samples need not be pushed"),
    "pull": Option("weight of the term that keeps codes apart"),
    "gamma": Option("ratio of the two reconstruction losses that is kept"),
    "rate": Option("how fast the balance of the two follows"),
    "features": Option("features of the classifier that the upper generator makes"),
    "encoder_steps": Option("steps in which the classifier is trained first"),
    "apart": Option("share of the training in which both levels are trained apart", most=1.0),
    "conditional": Option("weight of showing what was asked for"),
    "entropy": Option("weight of finding the noise again"),
    "mixing": Option("probability with which a sample has the styles of two latents", most=1.0),
    "truncation": Option("how far from the mean the styles of drawn samples may be; 1: as trained"),
    "domain": Option("what the second domain shows of the images", tuple(DOMAINS)),
    "cycle": Option("weight of coming back to the same image"),
    "identity": Option("weight of leaving images of the other domain as they are, as a share of --cycle"),
    "pool": Option("generated images kept to be shown again; 0: none", zero=True),
}


def of(model: str, name: str) -> Option:
    """The option `name` of `model`."""
    return OPTIONS.get(f"{model}.{name}") or OPTIONS.get(name) or Option()


def checked(model: str, name: str, value: Any, default: Any) -> Any:
    """`value` in the type of `default`, if the option can be that; numbers are finite and not negative."""
    option, wanted = of(model, name), f"[{model}] expected {name}"
    if isinstance(default, (list, tuple)):
        widths = [value] if isinstance(value, int) else value
        if not isinstance(widths, (list, tuple)) or any(type(w) is not int or w < 1 for w in widths):
            raise ValueError(f"{wanted} as integers >= 1, got {value!r}")
        return list(widths)
    if isinstance(default, str):
        if not isinstance(value, str):
            raise TypeError(f"{wanted} as a string, got {type(value).__name__}")
        if option.choices and value not in option.choices:
            raise ValueError(f"{wanted} to be one of {', '.join(option.choices)}, got {value!r}")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{wanted} as a number, got {type(value).__name__}")
    if isinstance(default, int):
        least, bits = 0 if option.zero else 1, 64 if name == "seed" else 63
        if not isinstance(value, int) or not least <= value < 2**bits:
            raise ValueError(f"{wanted} as an integer in {least} … 2^{bits} - 1, got {value!r}")
        return value
    if not 0 <= value <= option.most or value == math.inf:
        limit = "a finite number >= 0" if option.most == math.inf else f"a number in 0 … {option.most:g}"
        raise ValueError(f"{wanted} as {limit}, got {value!r}")
    return float(value)
