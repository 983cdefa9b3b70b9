"""How good samples are, as numbers: of modes for mixtures, of a classifier's features and probabilities for images.

All are computed in float64 from arrays, `real` samples first and `fake` ones second. What is said of images is said of
the features of a classifier that is trained here (`pydl.gan.train_judge`): these distances are not those of the
Inception network, and their values cannot be compared with published FID, KID or Inception scores.
"""

from .frechet import frechet_classifier_distance, frechet_distance
from .kernel import kernel_classifier_distance
from .manifold import PrecisionRecall, precision_recall
from .modes import ModeCoverage, histogram_divergence, mode_coverage, stacked_coverage
from .score import classifier_score
from .two_sample import TwoSample, nearest_neighbour_test

__all__ = [
    "ModeCoverage",
    "PrecisionRecall",
    "TwoSample",
    "classifier_score",
    "frechet_classifier_distance",
    "frechet_distance",
    "histogram_divergence",
    "kernel_classifier_distance",
    "mode_coverage",
    "nearest_neighbour_test",
    "precision_recall",
    "stacked_coverage",
]
