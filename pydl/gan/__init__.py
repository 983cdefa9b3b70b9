"""Generative adversarial networks: losses, penalties, noise and the trainer that joins them.

Here is what any GAN can take; what belongs to one is in its file in `pydl/models/gan/`.
"""

from . import metrics
from .average import MovingAverage
from .conditional import ConditionalTask
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
    class_information,
    class_loss,
    code_information,
    discriminator_loss,
    energy_discriminator_loss,
    energy_generator_loss,
    equilibrium_discriminator_loss,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    minimax_loss,
    non_saturating_loss,
    pull_away,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from .noise import Codes, Noise
from .penalties import gradient_penalty, perturbed_penalty, zero_centred_penalty
from .reports import Judge, Quality, train_judge
from .techniques import (
    HistoricalAverage,
    MinibatchDiscrimination,
    Referenced,
    VirtualBatchNorm,
    feature_matching,
    real_logit,
    smoothed,
    smoothed_discriminator_loss,
)
from .trainer import GANTask, Samples

__all__ = [
    "HINGE",
    "LEAST_SQUARES",
    "MINIMAX",
    "NON_SATURATING",
    "OBJECTIVES",
    "WASSERSTEIN",
    "Codes",
    "ConditionalTask",
    "Doctor",
    "GANTask",
    "HistoricalAverage",
    "Judge",
    "MinibatchDiscrimination",
    "MovingAverage",
    "Noise",
    "Objective",
    "Quality",
    "Referenced",
    "Samples",
    "VirtualBatchNorm",
    "class_information",
    "class_loss",
    "code_information",
    "discriminator_loss",
    "energy_discriminator_loss",
    "energy_generator_loss",
    "equilibrium_discriminator_loss",
    "feature_matching",
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
    "perturbed_penalty",
    "point_map",
    "pull_away",
    "real_logit",
    "smoothed",
    "smoothed_discriminator_loss",
    "train_judge",
    "truncate",
    "truncation_grid",
    "wasserstein_critic_loss",
    "wasserstein_generator_loss",
    "zero_centred_penalty",
]
