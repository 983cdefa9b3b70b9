"""The generative adversarial networks that can be trained by name, each with what is its own in its file."""

from importlib import import_module
from typing import Any

MODULES = (
    "mlp_gan", "dcgan", "lsgan", "wgan", "wgan_gp", "dragan", "cgan", "acgan", "infogan", "ebgan", "began", "pacgan",
)  # fmt: skip


def entries() -> list[Any]:
    """The entry of each module, for the registry."""
    return [import_module(f".{name}", __package__).ENTRY for name in MODULES]
