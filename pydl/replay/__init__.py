"""Recorded steps: a function of kernels, run once through Python and from then on without it."""

from .captured import Captured, capture

__all__ = ["Captured", "capture"]
