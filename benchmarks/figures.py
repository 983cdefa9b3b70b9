"""Trains what docs/figures.md reports, and prints its table: accuracies of the last epoch, mean ± standard error.

    python benchmarks/figures.py                  all rows, seeds 1, 2 and 3: hours
    python benchmarks/figures.py mlp lenet        rows of these models alone
    python benchmarks/figures.py --seeds 1 resnet20

The runs lie in runs/figures/; what was stopped goes on where it was, and what is done is only read.
"""

import argparse
import shlex
import statistics
import sys
from pathlib import Path

from pydl import cli
from pydl.train import read_log
from pydl.train.run import Run

COMMANDS = (
    "softmax --data fashion-mnist",
    "mlp --data fashion-mnist --hidden 100",
    "cnn --data fashion-mnist",
    "lenet --data mnist",
    "resnet20 --data fashion-mnist",
    "resnet20 --data cifar10 --epochs 15 --lr-schedule cosine --weight-decay 5e-4",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help="only rows of these models")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=Path("runs/figures"))
    args = parser.parse_args()
    rows = []
    for command in COMMANDS:
        if args.models and command.split()[0] not in args.models:
            continue
        ends = []
        for seed in args.seeds:
            status, end = train(command, seed, args.folder)
            if status:
                return status
            ends.append(end)
        rows.append(row(command, ends))
    print("\n".join(["| command | mean ± standard error | the runs | minutes |", "|---|---|---|---|", *rows]))
    return 0


def train(command: str, seed: int, folder: Path) -> tuple[int, dict]:
    """The exit status of a run, and the last epoch's line of its log."""
    run = Run(folder / f"{'-'.join(command.replace('--', '').split())}-{seed}")
    if run.checkpoint.exists():
        status = cli.main(["train", "--resume", str(run.folder)])
    else:
        status = cli.main(["train", *shlex.split(command), "--seed", str(seed), "--out", str(run.folder)])
    epochs = [line for line in read_log(run.log) if line["event"] == "epoch"] if status == 0 else [{}]
    return status, epochs[-1]


def row(command: str, ends: list[dict]) -> str:
    """A line of the table."""
    runs = [100 * end["test_accuracy"] for end in ends]
    mean = f"{statistics.fmean(runs):.2f}"
    if len(runs) > 1:
        mean += f" ± {statistics.stdev(runs) / len(runs) ** 0.5:.2f}"
    times = ", ".join(f"{end['time'] / 60:.1f}" for end in ends)
    return f"| `pydl train {command}` | {mean} % | {', '.join(f'{value:.2f}' for value in runs)} | {times} |"


if __name__ == "__main__":
    sys.exit(main())
