"""What the variants with classes share."""

from __future__ import annotations

from ...gan import Codes
from .assemble import Config


def labelled(config: Config) -> int:
    """How many classes the data has; ValueError for data without."""
    if config["classes"] < 2:
        model, data, classes = config.get("model", "gan"), config["data"], config["classes"]
        raise ValueError(f"[{model}] expected data with 2 classes or more, got {data} with {classes}")
    return config["classes"]


def codes(config: Config) -> Codes:
    """Noise, and a class of the data as ones and zeros."""
    return Codes(config["noise"], config["noise_kind"], labelled(config))
