"""GANs on mixtures of Gaussians in the plane, measured as in the tables of PacGAN and VEEGAN; mean ± standard error.

    python benchmarks/mixtures.py --out runs/mixtures

Every training is a run folder that `pydl train` makes; a second call goes on where the first was stopped, and prints
the table of what is there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from runs import Finished, finished, train

VARIANTS = ("gan", "unrolled-gan", "wgan-gp", "pacgan", "infogan")
FIGURES = ("modes", "high_quality", "reverse_kl")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--data", nargs="+", default=["ring", "grid"], choices=["ring", "grid"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("runs/mixtures"), help="a folder for the runs")
    parser.add_argument("--table", action="store_true", help="train nothing; the table of the runs that are done")
    args, options = parser.parse_known_args()
    if not args.table:
        for seed in args.seeds:
            for data in args.data:
                for variant in args.variants:
                    folder = args.out / f"{variant}-{data}-{seed}"
                    if status := train(folder, variant, data, seed, ["--log-every", "50", *options]):
                        return status
    print(table(args.out, args.variants, args.data, args.seeds))
    return 0


def table(out: Path, variants: Sequence[str], data: Sequence[str], seeds: Sequence[int]) -> str:
    """A row for each variant and data set; "least" is the worst run."""
    lines = [
        "| data | variant | runs | modes | least | high quality | least | reverse KL |",
        "|---" * 8 + "|",
    ]
    for name in data:
        for variant in variants:
            runs = [run for seed in seeds if (run := finished(out / f"{variant}-{name}-{seed}"))]
            if runs:
                lines.append(row(name, variant, runs))
    return "\n".join(lines)


def row(data: str, variant: str, runs: list[Finished]) -> str:
    modes, quality, divergence = ([number(run.figures[figure]) for run in runs] for figure in FIGURES)
    percent = [100 * share for share in quality]
    cells = [
        data, variant, str(len(runs)), spread(modes, 1), f"{min(modes):.0f}", f"{spread(percent, 1)} %",
        f"{min(percent):.1f} %", spread(divergence, 3),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def number(figure: float | None) -> float:
    """A figure of the log, where null stands for NaN: the divergence of points that reach no mode."""
    return float("nan") if figure is None else figure


def spread(values: Sequence[float], digits: int) -> str:
    """Mean ± standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{statistics.mean(values):.{digits}f} ± {error:.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
