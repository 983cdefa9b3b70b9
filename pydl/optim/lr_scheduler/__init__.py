"""Schedules of the learning rate, with PyTorch's names, arguments and formulas."""

from .base import LRScheduler
from .cycle import CosineAnnealingWarmRestarts, OneCycleLR
from .decay import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .plateau import ReduceLROnPlateau
from .sequence import ChainedScheduler, SequentialLR

__all__ = [
    "ChainedScheduler",
    "CosineAnnealingWarmRestarts",
    "MultiplicativeLR",
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
