"""The quality of `pydl train dcgan --data digits` over several seeds: mean and spread.

python benchmarks/digits.py --seeds 0 1 2 3 4 --out runs/quality [options of pydl train]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from pydl import cli
from pydl.train import read_log


def main() -> int:
    parser = argparse.ArgumentParser(description="Quality of the DCGAN of the digits over several seeds.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--out", type=Path, default=Path("runs/quality"), help="a folder for the runs")
    args, options = parser.parse_known_args()
    shares = []
    for seed in args.seeds:
        folder = args.out / f"seed-{seed}"
        status = cli.main(["train", "dcgan", "--data", "digits", "--seed", str(seed), "--out", str(folder), *options])
        if status:
            return status
        last = read_log(folder / "metrics.jsonl")[-1]
        shares.append(last["sure"])
        print(f"seed {seed}: sure {last['sure']:.1%}, {last['classes']:.0f} classes, {last['time']:.0f} s", flush=True)
    spread = statistics.stdev(shares) if len(shares) > 1 else 0.0
    print(f"mean {statistics.mean(shares):.1%}, standard deviation {spread:.1%} over {len(shares)} seeds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
