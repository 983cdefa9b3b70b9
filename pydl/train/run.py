"""The folder of one training: what was asked, what was measured, what was drawn, and where it stands."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .atomic import write_file
from .callbacks import BestCheckpoint, Callback, JsonlLog, LossCurves, PeriodicCheckpoint, Progress, SampleImages
from .checkpoint import load
from .errors import CheckpointError

CONTENTS = {
    "config.json": "what was asked",
    "metrics.jsonl": "every figure, a line each",
    "curves.png": "the figures drawn",
    "samples": "generated samples by step",
    "checkpoint.safetensors": "the latest state",
    "best.safetensors": "the state after the best epoch",
}


class Run:
    """A run folder."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.config_file, self.log = self.folder / "config.json", self.folder / "metrics.jsonl"
        self.curves, self.samples = self.folder / "curves.png", self.folder / "samples"
        self.checkpoint, self.best = self.folder / "checkpoint.safetensors", self.folder / "best.safetensors"
        self.source = self.config_file  # where the configuration was read

    @classmethod
    def create(cls, config: Mapping[str, Any], out: str | os.PathLike[str] | None = None) -> Run:
        """A new folder: `out`, or runs/<model>-<data>-<n> with the first n that is free; config.json lies in it.

        FileExistsError if `out` is there and not an empty folder.
        """
        if out is None:
            run = cls(_numbered(Path("runs"), f"{config['model']}-{config['data']}"))
        else:
            run = cls(out)
            run.folder.mkdir(parents=True, exist_ok=True)
            if any(run.folder.iterdir()):
                raise FileExistsError(f"expected {run.folder} as a new or empty folder, got one with files in it")
        run.write_config(config)
        return run

    @classmethod
    def reopen(cls, path: str | os.PathLike[str]) -> tuple[Run, dict[str, Any], dict[str, Any] | None]:
        """A run by its folder or by a checkpoint in it; its configuration, and its state if one was saved."""
        given = Path(path)
        run = cls(given if given.is_dir() else given.parent)
        checkpoint = run.checkpoint if given.is_dir() else given
        if checkpoint == run.checkpoint and not checkpoint.exists() and run.config_file.exists():
            return run, run._read_config(), None
        state, run.source = load(checkpoint), checkpoint
        config = state.pop("config", None) if isinstance(state, dict) else None
        if not isinstance(config, dict):
            raise CheckpointError(checkpoint, "the state of a training", "a checkpoint of something else")
        return run, config, state

    def write_config(self, config: Mapping[str, Any]) -> None:
        write_file(self.config_file, [json.dumps(config, indent=2).encode() + b"\n"])

    def _read_config(self) -> dict[str, Any]:
        try:
            config = json.loads(self.config_file.read_bytes())
        except (ValueError, RecursionError) as error:
            raise CheckpointError(self.config_file, "JSON", str(error)) from None
        if not isinstance(config, dict):
            raise CheckpointError(self.config_file, "a JSON object", type(config).__name__)
        return config

    @contextmanager
    def locked(self) -> Iterator[None]:
        """OSError if another process trains in this folder."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if not _lock(descriptor):
                raise OSError(f"expected {self.folder} unused, got a folder in which another process trains")
            yield
        finally:
            os.close(descriptor)

    def callbacks(self, config: Mapping[str, Any], best: tuple[str, str] | None = None) -> list[Callback]:
        """What records a training here; `best` is the figure, and its mode, by which the best epoch is chosen."""
        chosen: list[Callback] = [
            Progress(),
            JsonlLog(self.log, config["log_every"]),
            SampleImages(self.samples, config["sample_every"]),
            LossCurves(self.log, self.curves),
            PeriodicCheckpoint(self.checkpoint, config["save_every"], dict(config)),
        ]
        if best is not None:
            chosen.append(BestCheckpoint(self.best, *best, config=dict(config)))
        return chosen

    def describe(self) -> list[str]:
        """What lies in the folder, a line each."""
        return [f"  {name:<24}{what}" for name, what in CONTENTS.items() if (self.folder / name).exists()]


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _numbered(parent: Path, stem: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        folder = parent / f"{stem}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable")
