"""The GAN doctor: it watches a training, says what is wrong with it, and names the remedy."""

from .ailments import AILMENTS, Ailment
from .callback import Doctor

__all__ = ["AILMENTS", "Ailment", "Doctor"]
