"""Callbacks that draw: samples as PNG, and the curves of the figures."""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import random
from ..atomic import write_file
from ..png import write_png
from .base import Callback
from .extras import make_figure, require
from .log import read_log

if TYPE_CHECKING:
    from ..loop import Loop


class SampleImages(Callback):
    """Writes what `task.sample_grid()` draws to `folder`/step-000000.png, every `every` steps, first and last."""

    def __init__(self, folder: str | os.PathLike[str], every: int) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"[SampleImages] expected every as an integer >= 1, got {every!r}")
        self.folder, self.every = Path(folder), every

    def _draw(self, loop: Loop) -> None:
        with random.fork_rng():
            image = loop.task.sample_grid()
        if image is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_png(self.folder / f"step-{loop.step:06d}.png", image)

    def on_train_begin(self, loop: Loop) -> None:
        if not loop.step:
            self._draw(loop)

    def on_step_end(self, loop: Loop) -> None:
        if loop.step % self.every == 0:
            self._draw(loop)

    def on_train_end(self, loop: Loop) -> None:
        if loop.step % self.every:
            self._draw(loop)


class LossCurves(Callback):
    """Draws the figures of a JsonlLog to a PNG: after an epoch, at most once in `seconds` of training, and at the end.

    Needs matplotlib: pip install "pydl[train]".
    """

    order = 50

    def __init__(self, log: str | os.PathLike[str], path: str | os.PathLike[str], seconds: float = 30.0) -> None:
        require("matplotlib", "drawing curves")
        self.log, self.path, self.seconds = Path(log), Path(path), seconds
        self._drawn = 0.0

    def on_train_begin(self, loop: Loop) -> None:
        self._drawn = loop.elapsed

    def on_epoch_end(self, loop: Loop) -> None:
        if loop.elapsed - self._drawn > self.seconds:
            self._draw(loop)

    def on_train_end(self, loop: Loop) -> None:
        self._draw(loop)

    def _draw(self, loop: Loop) -> None:
        self._drawn = loop.elapsed
        draw_curves(read_log(self.log), self.path)


def draw_curves(lines: list[dict[str, Any]], path: str | os.PathLike[str]) -> None:
    """Losses, and where there are any the other figures, over the steps: thin by step, bold by epoch.

    A figure that was taken only once is no curve, and could be of another scale: it is left out, as are the details,
    which have a "/" in their name.
    """
    counts = Counter(name for line in lines for name in line if name not in ("event", "epoch", "step", "time"))
    names = [name for name, count in counts.items() if count > 1 and "/" not in name]
    losses = [name for name in names if "loss" in name]
    groups = [group for group in (losses, [name for name in names if name not in losses]) if group]
    figure = make_figure(figsize=(8, 1 + 3 * max(len(groups), 1)), dpi=100, layout="constrained")
    for i, group in enumerate(groups):
        axes = figure.add_subplot(len(groups), 1, i + 1, xlabel="step")
        for name in group:
            _draw_curve(axes, lines, name)
        axes.legend(loc="upper right" if group is losses else "lower right")  # "best" looks at every point
        axes.grid(alpha=0.3)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    write_file(path, [image.getvalue()])


def _draw_curve(axes: Any, lines: list[dict[str, Any]], name: str) -> None:
    colour = None
    for event, width, alpha in (("step", 0.8, 0.35), ("epoch", 1.8, 1.0)):
        points = [
            (line["step"], line[name]) for line in lines if line.get("event") == event and line.get(name) is not None
        ]
        if points:
            label = name if event == "epoch" or colour is None else None
            (drawn,) = axes.plot(*zip(*points, strict=True), linewidth=width, alpha=alpha, color=colour, label=label)
            colour = drawn.get_color()
