"""Do the threads of pydl and of another library get in each other's way? Both compute in turn, and each alone.

python benchmarks/beside.py [--threads N] [--rounds R]

A figure is a library's time beside the other over its time alone, the median of the rounds: 1 if neither feels the
other. OpenMP libraries spin while they wait for work; OMP_WAIT_POLICY=passive in the environment lets them sleep.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import pydl
import pydl.nn.functional as F
from pydl.benchmark import machine
from pydl.benchmark.timing import SPIN

CALLS = 30  # of each library in a round
SIZE, NUMBERS = 384, 1 << 18  # of a product's matrices; of an activation's array


def alone(function: Callable[[], Any]) -> float:
    """Seconds of a call, after a rest and an untimed one."""
    time.sleep(2 * SPIN)
    function()
    start = time.perf_counter()
    for _ in range(CALLS):
        function()
    return (time.perf_counter() - start) / CALLS


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of a call of either, one after the other."""
    time.sleep(2 * SPIN)
    ours()
    theirs()
    seconds = [0.0, 0.0]
    for _ in range(CALLS):
        for i, function in enumerate((ours, theirs)):
            start = time.perf_counter()
            function()
            seconds[i] += time.perf_counter() - start
    return seconds[0] / CALLS, seconds[1] / CALLS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--threads", type=int, default=pydl.get_num_threads(), metavar="N", help="of pydl and PyTorch")
    parser.add_argument("--rounds", type=int, default=25, metavar="R")
    options = parser.parse_args()
    pydl.set_num_threads(options.threads)
    a, b = (np.random.default_rng(seed).standard_normal((SIZE, SIZE), np.float32) for seed in range(2))
    x, y, activation = pydl.from_numpy(a), pydl.from_numpy(b), pydl.randn(NUMBERS)
    others: dict[str, Callable[[], Any]] = {"NumPy": lambda: a @ b}
    if importlib.util.find_spec("torch"):
        torch: Any = importlib.import_module("torch")
        torch.set_num_threads(options.threads)
        first, second = torch.from_numpy(a), torch.from_numpy(b)
        others["PyTorch"] = lambda: first @ second
    print(f"{machine.describe('')['processor']}, {options.threads} threads: products of {SIZE}³, pydl's with a ReLU "
          f"of {NUMBERS} numbers\n\n| the other | pydl beside it | it beside pydl |\n|---|---:|---:|")  # fmt: skip

    def ours() -> None:
        x @ y
        F.relu(activation)

    for name, theirs in others.items():
        rounds = []
        for _ in range(options.rounds):
            own, other = alone(ours), alone(theirs)
            beside, other_beside = in_turn(ours, theirs)
            rounds.append((beside / own, other_beside / other))
        medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
        print(f"| {name} | {medians[0]:.2f} | {medians[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
