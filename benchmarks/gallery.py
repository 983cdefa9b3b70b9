"""A page of what GANs drew: for each run folder samples, figures, the command that repeats it, the time it took.

    python benchmarks/gallery.py runs/zoo/* runs/mixtures/*-0 --page docs/gallery.md

The pictures lie in a folder of the page's name. Folders whose training has not ended are left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from runs import Finished, finished

from pydl import data, models
from pydl.data.toys import modes_of
from pydl.gan import image_grid, point_map
from pydl.models.gan.assemble import PLANES
from pydl.train import load, read_log, write_png
from pydl.train.callbacks.extras import make_figure

ROWS, COLUMNS, POINTS, SEED = 4, 10, 2500, 0
MANY = 20  # points of a curve, each the mean of a part of the training


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/gallery.md"))
    args = parser.parse_args()
    pictures = args.page.with_suffix("")
    pictures.mkdir(parents=True, exist_ok=True)
    runs = [run for folder in args.runs if (run := finished(folder))]
    text = [part for run in runs for part in section(run, pictures)]
    args.page.write_text("\n".join([introduction(runs), *text]))
    return 0


def introduction(runs: list[Finished]) -> str:
    """What the page is, with what real images of the digits reach."""
    real = [f"{run.figures['sure_real']:.1%}" for run in runs if "sure_real" in run.figures]
    return INTRODUCTION.replace("REAL", real[0] if real else "unknown")


INTRODUCTION = f"""# What the GANs drew

Made by `benchmarks/gallery.py` from real trainings, one each, without choosing: {ROWS} × {COLUMNS} samples of seed
{SEED}, drawn as `pydl sample` does. Conditional GANs are asked for 0, 1, …, 9, one in each column. Of 1,000 samples a
classifier trained on the real images is "sure" where it gives one class 90% or more (of real test images: REAL). Times
are only an order of magnitude: the machine, of two cores, was shared with other work.
"""


def section(run: Finished, pictures: Path) -> list[str]:
    """The part of the page about a run; its pictures are written."""
    name = run.folder.name
    write_png(pictures / f"{name}.png", picture(run))
    draw(run, pictures / f"{name}-curves.png")
    seconds = run.figures["time"]
    return [
        f"## {run.config['model']}, {run.config['data']}\n",
        f"![samples]({pictures.name}/{name}.png) ![losses]({pictures.name}/{name}-curves.png)\n",
        f"    {run.command()}\n",
        f"{figures(run)}. The doctor: {run.verdict()}. {seconds:.0f} s.\n",
    ]


def figures(run: Finished) -> str:
    """What was measured at the end, in words."""
    found = run.figures
    forms = {
        "sure": "sure of {:.1%}", "classes": "{:.0f} classes", "asked": "{:.1%} of the class asked for",
        "test_error": "test error {:.1%}", "agreement": "{:.1%} of the pixels as the map says",
        "modes": "{:.0f} modes", "high_quality": "{:.1%} of high quality", "reverse_kl": "reverse KL {:.3f}",
        "error_there": "mean error there {:.3f}", "error_back": "and back {:.3f}",
    }  # fmt: skip
    words = ", ".join(form.format(found[name]) for name, form in forms.items() if found.get(name) is not None)
    return words[:1].upper() + words[1:]


def picture(run: Finished) -> np.ndarray:
    """Samples of a finished run."""
    state, config = load(run.folder / "checkpoint.safetensors"), run.config
    count = POINTS if config["data"] in PLANES else ROWS * COLUMNS
    samples = models.get(config["model"]).sample(state["task"], config, count, SEED)
    if samples.ndim == 4:
        return image_grid(samples, COLUMNS, scale=max(1, 32 // samples.shape[2]))
    mixture = modes_of(config["data"])
    known = data.load(config["data"]).data if mixture is None else mixture[0]
    low, high = known.min(0), known.max(0)
    margin = 0.15 * (high - low)
    return point_map(samples, low - margin, high + margin, 192)


def draw(run: Finished, path: Path) -> None:
    """Losses over the steps, each point the mean of a twentieth of the training."""
    lines = [line for line in read_log(run.folder / "metrics.jsonl") if line["event"] == "step"]
    figure = make_figure(figsize=(4.5, 2), dpi=64, layout="constrained")
    axes = figure.add_subplot(1, 1, 1, xlabel="step")
    for name in ("loss_d", "loss_g"):
        parts = np.array_split(np.array([(line["step"], line[name]) for line in lines], float), MANY)
        axes.plot(*np.array([part.mean(0) for part in parts]).T, label=name)
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path)


if __name__ == "__main__":
    sys.exit(main())
