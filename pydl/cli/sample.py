"""`pydl sample`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import models
from ..gan import grid
from ..train import CheckpointError, write_png
from ..train.run import Run
from .arguments import FAULTS, MAX_SEED, Parser, UsageError, integer, numbers
from .train import check_config


def run(argv: Sequence[str]) -> int:
    """Draw samples from the generator in a checkpoint."""
    parser = Parser("sample", "Draw samples from the generator in a checkpoint, as a PNG image.")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint, or a run folder")
    parser.add_argument("--count", type=integer(1, 1_000_000), default=64, help="how many (default 64)")
    parser.add_argument("--out", metavar="FILE.png", default="samples.png", help="default samples.png")
    parser.add_argument("--seed", type=integer(0, MAX_SEED), default=0, help="default 0")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--walk", type=integer(2), metavar="STEPS", help="rows of STEPS samples on the way between two")
    how.add_argument(
        "--truncation", type=numbers, metavar="PSI,…", help="the same samples with each ψ in a row (stylegan)"
    )
    args = parser.parse(argv)
    if Path(args.out).suffix.lower() not in ("", ".png"):
        parser.error(f"expected --out as the name of a PNG image, with the ending .png, got {args.out}")
    folder, config, state = Run.reopen(args.checkpoint)
    config = check_config(config, folder.source)
    entry = models.get(config["model"])
    if entry.sample is None:
        raise UsageError(f"sample: expected a checkpoint of a generator, got one of {entry.name}")
    if state is None:
        raise CheckpointError(args.checkpoint, "a checkpoint", "a run that has not saved one yet")
    check_abilities(entry, args)
    try:
        samples, columns = drawn(entry, state["task"], config, args)
    except FAULTS as error:
        text = str(error) or type(error).__name__
        raise CheckpointError(folder.source, f"the state of a {entry.name}", text) from error
    write_png(args.out, picture(samples, columns))
    print(f"{args.out}: {len(samples)} samples of {entry.name} trained on {config['data']}")
    return 0


def check_abilities(entry: models.Entry, args: Any) -> None:
    """UsageError where the model cannot do what is asked for."""
    if args.walk and entry.walk is None:
        raise UsageError(f"sample: expected --walk for a model whose samples are made of noise, got {entry.name}")
    if args.truncation and "truncation" not in entry.defaults:
        able = ", ".join(name for name in models.names() if "truncation" in models.get(name).defaults)
        raise UsageError(f"sample: expected --truncation for a model that has it ({able}), got {entry.name}")


def drawn(entry: models.Entry, state: Any, config: Any, args: Any) -> tuple[np.ndarray, int | None]:
    """About `count` samples, and how many are in a row: all that fit into whole rows, at least one."""
    assert entry.sample is not None
    if args.walk:
        assert entry.walk is not None
        return entry.walk(state, config, max(1, args.count // args.walk), args.walk, args.seed), args.walk
    if args.truncation:
        columns = max(1, args.count // len(args.truncation))
        rows = [entry.sample(state, {**config, "truncation": psi}, columns, args.seed) for psi in args.truncation]
        return np.concatenate(rows), columns
    return entry.sample(state, config, args.count, args.seed), None


def picture(samples: np.ndarray, columns: int | None = None) -> Any:
    """Images side by side, or points of the plane as a map."""
    image = grid.picture(samples, columns)
    if image is not None:
        return image
    points = samples.reshape(len(samples), -1)[:, :2]
    low, high = points.min(0), points.max(0)
    return grid.point_map(points, low - 0.05 * (high - low) - 1e-6, high + 0.05 * (high - low) + 1e-6)
