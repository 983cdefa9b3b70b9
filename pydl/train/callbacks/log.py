"""The record of a training, one JSON object a line."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..state import MAX_COUNT, integer
from .base import Callback

if TYPE_CHECKING:
    from ..loop import Loop


class JsonlLog(Callback):
    """Appends a line for every `every`-th step and for every epoch; figures that are not finite become null.

    What was in the file before stays. A resumed training first cuts off the lines that came after its checkpoint, so
    that but for "time" (seconds of training) the file is as if it had not stopped.
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"[JsonlLog] expected every as an integer >= 1, got {every!r}")
        self.path, self.every, self.lines = Path(path), every, 0
        self._start: int | None = None  # where the lines of this training begin; None: at the end of what is there
        self._file: Any = None

    def on_train_begin(self, loop: Loop) -> None:
        self._file = open(self.path, "ab+", buffering=0)  # noqa: SIM115 (closed by close)
        size = self._file.seek(0, os.SEEK_END)
        if self._start is None:
            self._start = size + _end_line(self._file, size)
        elif self._start < size:
            self._file.seek(self._start)
            self._file.truncate(self._start + _length_of(self._file, self.lines))

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
        return {"lines": self.lines, "start": self._start}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        lines = integer("lines", state.get("lines", 0), 0, MAX_COUNT)
        start = state.get("start", 0 if "lines" in state else None)
        self._start = None if start is None else integer("start", start, 0, MAX_COUNT)
        self.lines = lines


def _end_line(file: Any, size: int) -> int:
    """End the last line of a file of `size` bytes, if it is not ended; the bytes written."""
    if not size:
        return 0
    file.seek(size - 1)
    return 0 if file.read(1) == b"\n" else int(file.write(b"\n"))


def _length_of(file: Iterator[bytes], lines: int) -> int:
    """Bytes of the first `lines` lines."""
    length = 0
    for _, line in zip(range(lines), file, strict=False):
        length += len(line)
    return length


def read_log(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The lines of a log; one that is not whole, or nothing of a log, is left out."""
    lines = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(line, dict):
                lines.append(line)
    return lines
