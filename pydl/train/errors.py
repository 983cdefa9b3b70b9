"""The exceptions of training and of checkpoints."""

from __future__ import annotations

import os
import signal
from typing import Any


class CheckpointError(RuntimeError):
    """A checkpoint is missing, damaged, hostile, or cannot be written.

    The text names the file, what was expected and the first thing wrong; the same three are the attributes
    ``path``, ``expected`` and ``got``.
    """

    def __init__(self, path: str | bytes | os.PathLike[Any], expected: str, got: str) -> None:
        self.path, self.expected, self.got = os.fsdecode(path), expected, got
        name = repr(self.path) if "\0" in self.path else self.path
        super().__init__(f"{name}: expected {expected}, got {got}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.path, self.expected, self.got)


class StateError(ValueError):
    """The state of one training was given to another."""


class DivergenceError(RuntimeError):
    """A loss or a parameter became infinite or not a number."""


class Interrupted(KeyboardInterrupt):
    """Training stopped between two steps because of a signal; `signum` says which one."""

    def __init__(self, signum: int, step: int) -> None:
        self.signum, self.step = signum, step
        super().__init__(f"{signal.Signals(signum).name} after step {step}")


class MissingExtraError(ImportError):
    """A package that is not required, but needed for what was asked; the text has the line to type."""
