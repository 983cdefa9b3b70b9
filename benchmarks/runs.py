"""Run folders that are trained once, gone on with where they were stopped, and read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydl import cli, models
from pydl.gan.doctor import AILMENTS, rules
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
    """What was asked for, the figures of the last epoch, and what the doctor found with the step it began at.

    `checks` is how often it looked.
    """

    folder: Path
    config: dict[str, Any]
    figures: dict[str, Any]
    ailments: dict[str, int]
    checks: int

    def command(self) -> str:
        """The command that repeats the training."""
        entry, config = models.get(self.config["model"]), self.config
        usual = entry.options(config["data"], config.get("preset"))
        usual = {**usual, "preset": "data"}
        changed = [
            f"--{name.replace('_', '-')} {shown(config[name])}"
            for name, value in usual.items()
            if config.get(name, value) != value
        ]
        own = [f"--data {config['data']}", *(text for text in changed if not text.startswith("--data "))]
        return " ".join([f"pydl train {entry.name}", *own])

    def verdict(self) -> str:
        """The doctor's, in words."""
        found = [f"{AILMENTS[kind].word} from step {step:,}" for kind, step in self.ailments.items()]
        well = "well" if rules.can_tell(self.checks) else "too early to tell"
        return ", ".join(found + self.missing()) or well

    def missing(self) -> list[str]:
        """How few of the data's classes or modes there were when they were last counted, if few."""
        counted = {name: self.figures[name] for name in ("classes", "modes") if name in self.figures}
        kinds = self.config["classes"]  # of a mixture's points each mode is a class
        return [f"{seen:.0f} of {kinds} {name}" for name, seen in counted.items() if rules.covers_few(seen, kinds)]


def finished(folder: Path) -> Finished | None:
    """The run in `folder`; None where it has not ended."""
    config, checkpoint = folder / "config.json", folder / "checkpoint.safetensors"
    if not (config.exists() and checkpoint.exists()):
        return None
    asked, lines = json.loads(config.read_text()), read_log(folder / "metrics.jsonl")
    if not lines or lines[-1]["event"] != "epoch" or lines[-1]["epoch"] != asked["epochs"]:
        return None
    states = load(checkpoint)["callbacks"]
    doctor = next(state for name, state in states.items() if name in ("Doctor-0", "TranslationDoctor-0"))
    figures = {name.removeprefix("judge/"): value for name, value in lines[-1].items()}
    ailments = {kind: int(step) for kind, step in doctor["found"].items()}
    return Finished(folder, asked, figures, ailments, len(doctor["series"]["variety"]))


def shown(value: Any) -> str:
    """The value of an option as it is typed."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
