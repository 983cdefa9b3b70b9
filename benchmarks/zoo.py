"""Every GAN trained once on images with its defaults; what a classifier of the real images makes of its samples.

    python benchmarks/zoo.py --out runs/zoo

Every training is a run folder that `pydl train` makes; a second call goes on where the first was stopped, and prints
the table of what is there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runs import Finished, finished, train

NAMES = (
    "gan", "dcgan", "lsgan", "wgan", "wgan-gp", "dragan", "cgan", "acgan", "infogan", "ebgan", "began", "pacgan",
    "unrolled-gan", "improved-gan", "semi-gan", "stacked-gan", "stylegan", "cyclegan", "spade",
)  # fmt: skip
HEAD = "| model | sure | classes | precision | recall | of the class asked for (least) | doctor | time |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs="+", default=list(NAMES))
    parser.add_argument("--data", default="digits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/zoo"), help="a folder for the runs")
    parser.add_argument("--table", action="store_true", help="train nothing; the table of the runs that are done")
    args, options = parser.parse_known_args()
    folders = {name: args.out / f"{name}-{args.data}-{args.seed}" for name in args.names}
    for name, folder in folders.items():
        if not args.table and (status := train(folder, name, args.data, args.seed, options)):
            return status
    runs = [run for folder in folders.values() if (run := finished(folder))]
    print("\n".join([HEAD, "|---" * 8 + "|", *map(row, runs)]))
    return 0


def row(run: Finished) -> str:
    found = run.figures
    each = [value for name, value in found.items() if name.startswith("asked/")]
    asked = f"{found['asked']:.1%} ({min(each):.1%})" if each else "–"
    forms = {"sure": ".1%", "classes": ".0f", "precision": ".2f", "recall": ".2f"}
    numbers = [number(found, name, form) for name, form in forms.items()]
    cells = [f"`{run.config['model']}`", *numbers, asked, run.verdict(), f"{found['time']:.0f} s"]
    return f"| {' | '.join(cells)} |"


def number(figures: dict[str, float], name: str, form: str) -> str:
    return format(figures[name], form) if name in figures else "–"


if __name__ == "__main__":
    sys.exit(main())
