"""What can be done while `fit` trains."""

from .base import Callback
from .log import JsonlLog, read_log
from .pictures import LossCurves, SampleImages
from .progress import Progress
from .saving import BestCheckpoint, PeriodicCheckpoint
from .schedule import LearningRate, LearningRateSchedule
from .stopping import EarlyStopping

__all__ = [
    "BestCheckpoint",
    "Callback",
    "EarlyStopping",
    "JsonlLog",
    "LearningRate",
    "LearningRateSchedule",
    "LossCurves",
    "PeriodicCheckpoint",
    "Progress",
    "SampleImages",
    "read_log",
]
