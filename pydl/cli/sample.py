"""`pydl sample`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import models
from ..gan import grid
from ..train import CheckpointError, write_png
from ..train.run import Run
from .arguments import FAULTS, MAX_SEED, Parser, UsageError, integer
from .train import check_config


def run(argv: Sequence[str]) -> int:
    """Draw samples from the generator in a checkpoint."""
    parser = Parser("sample", "Draw samples from the generator in a checkpoint, as a PNG image.")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint, or a run folder")
    parser.add_argument("--count", type=integer(1, 1_000_000), default=64, help="how many (default 64)")
    parser.add_argument("--out", metavar="FILE.png", default="samples.png", help="default samples.png")
    parser.add_argument("--seed", type=integer(0, MAX_SEED), default=0, help="default 0")
    args = parser.parse(argv)
    folder, config, state = Run.reopen(args.checkpoint)
    config = check_config(config, folder.source)
    entry = models.get(config["model"])
    if entry.sample is None:
        raise UsageError(f"sample: expected a checkpoint of a generator, got one of {entry.name}")
    if state is None:
        raise CheckpointError(args.checkpoint, "a checkpoint", "a run that has not saved one yet")
    try:
        samples = entry.sample(state["task"], config, args.count, args.seed)
    except FAULTS as error:
        text = str(error) or type(error).__name__
        raise CheckpointError(folder.source, f"the state of a {entry.name}", text) from error
    write_png(args.out, picture(samples))
    print(f"{args.out}: {args.count} samples of {entry.name} trained on {config['data']}")
    return 0


def picture(samples: np.ndarray) -> Any:
    """Images side by side, or points of the plane as a map."""
    image = grid.picture(samples)
    if image is not None:
        return image
    points = samples.reshape(len(samples), -1)[:, :2]
    low, high = points.min(0), points.max(0)
    return grid.point_map(points, low - 0.05 * (high - low) - 1e-6, high + 0.05 * (high - low) + 1e-6)
