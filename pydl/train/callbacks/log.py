"""The record of a training, one JSON object a line."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .base import Callback

if TYPE_CHECKING:
    from ..loop import Loop


class JsonlLog(Callback):
    """Appends a line for every `every`-th step and for every epoch; figures that are not finite become null.

    A resumed training first cuts off the lines that came after its checkpoint, so that but for "time" (seconds of
    training) the file is as if it had not stopped.
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"[JsonlLog] expected every as an integer >= 1, got {every!r}")
        self.path, self.every, self.lines = Path(path), every, 0
        self._file: Any = None

    def on_train_begin(self, loop: Loop) -> None:
        self._file = open(self.path, "ab+", buffering=0)  # noqa: SIM115 (closed by close)
        self._file.seek(0)
        self._file.truncate(_length_of(self._file, self.lines))

    def on_step_end(self, loop: Loop) -> None:
        if loop.step % self.every == 0:
            self._write(loop, "step", loop.epoch + 1, loop.metrics)

    def on_epoch_end(self, loop: Loop) -> None:
        self._write(loop, "epoch", loop.epoch, loop.history.epochs[-1])

    def _write(self, loop: Loop, event: str, epoch: int, figures: dict[str, float]) -> None:
        finite = {name: value if math.isfinite(value) else None for name, value in figures.items()}
        line = {"event": event, "epoch": epoch, "step": loop.step, **finite, "time": round(loop.elapsed, 3)}
        self._file.write(json.dumps(line, allow_nan=False).encode() + b"\n")
        self.lines += 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def state_dict(self) -> dict[str, Any]:
        if self._file is not None and self.lines:
            os.fsync(self._file.fileno())
        return {"lines": self.lines}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.lines = state.get("lines", 0)


def _length_of(file: Iterator[bytes], lines: int) -> int:
    """Bytes of the first `lines` lines."""
    length = 0
    for _, line in zip(range(lines), file, strict=False):
        length += len(line)
    return length


def read_log(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The lines of a log; one that is not whole is left out."""
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
    return lines
