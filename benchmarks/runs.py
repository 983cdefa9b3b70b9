"""Run folders that are trained once, gone on with where they were stopped, and read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydl import cli, models
from pydl.gan.doctor import AILMENTS
from pydl.train import load, read_log


def train(folder: Path, model: str, data: str, seed: int, options: Sequence[str] = ()) -> int:
    """Train in `folder` unless that is done; the exit status."""
    if finished(folder):
        return 0
    if (folder / "config.json").exists():
        return cli.main(["train", "--resume", str(folder)])
    return cli.main(["train", model, "--data", data, "--seed", str(seed), "--out", str(folder), *options])


@dataclass(frozen=True)
class Finished:
    """What was asked for, the figures of the last epoch, and what the doctor found with the step it began at."""

    folder: Path
    config: dict[str, Any]
    figures: dict[str, Any]
    ailments: dict[str, int]

    def command(self) -> str:
        """The command that repeats the training."""
        entry, config = models.get(self.config["model"]), self.config
        usual = entry.options(config["data"])
        changed = [f"--{name.replace('_', '-')} {shown(config[name])}" for name in usual if config[name] != usual[name]]
        own = [f"--data {config['data']}", *(text for text in changed if not text.startswith("--data "))]
        return " ".join([f"pydl train {entry.name}", *own])

    def verdict(self) -> str:
        """The doctor's, in words."""
        found = [f"{AILMENTS[kind].word} from step {step:,}" for kind, step in self.ailments.items()]
        return ", ".join(found) or "well"


def finished(folder: Path) -> Finished | None:
    """The run in `folder`; None where it has not ended."""
    config, checkpoint = folder / "config.json", folder / "checkpoint.safetensors"
    if not (config.exists() and checkpoint.exists()):
        return None
    asked, lines = json.loads(config.read_text()), read_log(folder / "metrics.jsonl")
    if not lines or lines[-1]["event"] != "epoch" or lines[-1]["epoch"] != asked["epochs"]:
        return None
    doctor = load(checkpoint)["callbacks"].get("Doctor-0", {})
    figures = {name.removeprefix("judge/"): value for name, value in lines[-1].items()}
    return Finished(folder, asked, figures, {kind: int(step) for kind, step in doctor.get("found", {}).items()})


def shown(value: Any) -> str:
    """The value of an option as it is typed."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
