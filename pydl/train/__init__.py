"""Training: the loop, its callbacks, and checkpoints."""

from .callbacks import (
    BestCheckpoint,
    Callback,
    EarlyStopping,
    JsonlLog,
    LearningRate,
    LearningRateSchedule,
    LossCurves,
    PeriodicCheckpoint,
    Progress,
    SampleImages,
    read_log,
)
from .checkpoint import load, save
from .errors import CheckpointError, DivergenceError, Interrupted, MissingExtraError, StateError
from .loop import History, Loop, fit
from .png import write_png
from .task import Classifier, Task

__all__ = [
    "BestCheckpoint",
    "Callback",
    "CheckpointError",
    "Classifier",
    "DivergenceError",
    "EarlyStopping",
    "History",
    "Interrupted",
    "JsonlLog",
    "LearningRate",
    "LearningRateSchedule",
    "Loop",
    "LossCurves",
    "MissingExtraError",
    "PeriodicCheckpoint",
    "Progress",
    "SampleImages",
    "StateError",
    "Task",
    "fit",
    "load",
    "read_log",
    "save",
    "write_png",
]
