"""Kernels that do little more than move memory, on arrays far beyond the caches, beside a copy of the same memory.

python benchmarks/bandwidth.py [--threads N] [--megabytes M] [--seconds S] [--json FILE]

A share is the kernel's bytes a second, every operand read once and every result written once, over those of NumPy's
copy, which runs in turn with it, on one thread.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pydl
import pydl.nn.functional as F
from pydl import optim
from pydl.benchmark import machine
from pydl.benchmark.timing import compare

Kernel = tuple[str, float, Callable[[], Any]]  # name, arrays of the size that it moves, the call


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--threads", type=int, default=pydl.get_num_threads(), metavar="N")
    parser.add_argument("--megabytes", type=int, default=128, metavar="M", help="of one array")
    parser.add_argument("--seconds", type=float, default=3.0, metavar="S", help="time for a kernel")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as well")
    return parser.parse_args()


def kernels(numbers: int) -> Iterator[Kernel]:
    """Of flat arrays of so many float32, or images and rows of as many."""
    rng = np.random.default_rng(0)
    x, y, g = (pydl.from_numpy(rng.standard_normal(numbers, np.float32)) for _ in range(3))
    images = x.reshape(-1, 32, 32, 64).permute(0, 3, 1, 2)  # channels last
    channels = [pydl.ones(64) for _ in range(4)]
    yield "relu", 2, lambda: F.relu(x)
    yield "add", 3, lambda: x + y
    yield "add in place", 3, lambda: x.add_(y)
    yield "gelu", 2, lambda: F.gelu(x)
    leaf = y.detach().requires_grad_()
    with pydl.enable_grad():
        activated = F.relu(leaf)
    yield "relu grad", 3, lambda: pydl.autograd.grad(activated, leaf, g, retain_graph=True)
    yield "sum", 1, lambda: x.sum()
    yield "softmax of rows of 1,024", 2, lambda: F.softmax(x.reshape(-1, 1024), 1)
    yield "batch_norm, evaluation", 2, lambda: F.batch_norm(images, *channels)
    yield "max_pool2d 2×2", 1.25, lambda: F.max_pool2d(images, 2)
    yield "avg_pool2d 2×2", 1.25, lambda: F.avg_pool2d(images, 2)
    parameter = pydl.nn.Parameter(y.detach().clone())
    parameter.grad = g
    for name, moved, optimizer in (
        ("SGD step, momentum", 5, optim.SGD([parameter], lr=1e-9, momentum=0.9)),
        ("Adam step", 7, optim.Adam([parameter], lr=1e-9)),
    ):
        optimizer.step()
        yield name, moved, optimizer.step


def main() -> None:
    options = arguments()
    pydl.set_num_threads(options.threads)
    numbers = (options.megabytes << 18) // 65536 * 65536
    source, target = (pydl.zeros(numbers) for _ in range(2))
    description = machine.describe(f"{options.threads} threads")
    print(f"{description['processor']}, {options.threads} threads, pydl {description['isa']}, "
          f"arrays of {4 * numbers >> 20} MiB\n")  # fmt: skip
    print("| share of a copy | GB/s | the copy | kernel |\n|---:|---:|---:|---|")
    rows: list[dict[str, Any]] = []
    with pydl.no_grad():
        for name, moved, call in kernels(numbers):
            timing = compare(call, lambda: target.copy_(source), options.seconds)
            rate, copy = moved * 4 * numbers / timing.ours / 1e9, 8 * numbers / timing.theirs / 1e9
            rows.append({"kernel": name, "share": rate / copy, "gigabytes_per_second": rate, "copy": copy})
            print(f"| {rate / copy:.2f} | {rate:.1f} | {copy:.1f} | {name} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": description, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
