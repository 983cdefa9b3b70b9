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
    """A loss or a parameter became infinite or not a number.

    Where they are known, `figure` and `value` are what was not finite, `step` the step in which that was seen
    (counted from 1), and `layer` is the dotted name of the layer at which it began: the network's name in the task,
    then the layer's in the network. A state is not looked at after every step: `since` is the last one after which it
    was finite, None where it was not looked at or a loss told.
    """

    def __init__(
        self, text: str, figure: str = "", value: float = 0.0, step: int = 0, layer: str = "", since: int | None = None
    ) -> None:
        self.text, self.figure, self.value, self.step, self.layer = text, figure, value, step, layer
        self.since = since
        super().__init__(text)

    def told(self, more: str, step: int | None = None, layer: str | None = None) -> DivergenceError:
        """The same with `more` at the end of its text."""
        step, layer = self.step if step is None else step, self.layer if layer is None else layer
        return type(self)(self.text + more, self.figure, self.value, step, layer, self.since)

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), (self.text, self.figure, self.value, self.step, self.layer, self.since)


class Interrupted(KeyboardInterrupt):
    """Training stopped between two steps because of a signal; `signum` says which one."""

    def __init__(self, signum: int, step: int) -> None:
        self.signum, self.step = signum, step
        super().__init__(f"{signal.Signals(signum).name} after step {step}")


class MissingExtraError(ImportError):
    """A package that is not required, but needed for what was asked; the text has the line to type."""
