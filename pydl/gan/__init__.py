"""Generative adversarial networks: losses, penalties, noise and the trainer that joins them."""

from . import metrics
from .average import MovingAverage
from .doctor import Doctor
from .grid import image_grid, point_map
from .latent import interpolate, interpolation_grid, truncate, truncation_grid
from .losses import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NON_SATURATING,
    OBJECTIVES,
    WASSERSTEIN,
    Objective,
    discriminator_loss,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    minimax_loss,
    non_saturating_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from .noise import Noise
from .penalties import gradient_penalty, zero_centred_penalty
from .quality import Judge, Quality, train_judge
from .trainer import GANTask

__all__ = [
    "HINGE",
    "LEAST_SQUARES",
    "MINIMAX",
    "NON_SATURATING",
    "OBJECTIVES",
    "WASSERSTEIN",
    "Doctor",
    "GANTask",
    "Judge",
    "MovingAverage",
    "Noise",
    "Objective",
    "Quality",
    "discriminator_loss",
    "gradient_penalty",
    "hinge_discriminator_loss",
    "image_grid",
    "interpolate",
    "interpolation_grid",
    "least_squares_discriminator_loss",
    "least_squares_generator_loss",
    "metrics",
    "minimax_loss",
    "non_saturating_loss",
    "point_map",
    "train_judge",
    "truncate",
    "truncation_grid",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
    "zero_centred_penalty",
]
