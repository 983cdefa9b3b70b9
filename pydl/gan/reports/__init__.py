"""How good a GAN's samples are, during a training and in words at its end: callbacks of `fit`, and their judge."""

from .judge import Judge, Quality, train_judge
from .modes import ModesReport
from .quality import AskedReport, QualityReport
from .triples import TriplesReport

__all__ = ["AskedReport", "Judge", "ModesReport", "Quality", "QualityReport", "TriplesReport", "train_judge"]
