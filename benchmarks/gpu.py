"""Operations on a GPU, on arrays far beyond its caches, beside a copy of the same memory and CuPy's fused form.

python benchmarks/gpu.py [--megabytes M] [--repeats N] [--json FILE]

A share is the kernel's bytes a second, every operand read once and every result written once, over those of a copy
from one array of the GPU to another. Times are the median of single calls between two events of the device.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import pydl
import pydl.nn.functional as F

Row = tuple[str, int, Callable[[], Any], Callable[[], Any]]  # name, arrays that it moves, pydl's call, CuPy's


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=1024, metavar="M", help="of one array")
    parser.add_argument("--repeats", type=int, default=50, metavar="N", help="calls of a kernel")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as well")
    return parser.parse_args()


def rows(cupy: Any, side: int) -> Iterator[Row]:
    """Of float32 arrays of side × side numbers."""
    a, b = (cupy.random.default_rng(seed).standard_normal((side, side), dtype=np.float32) for seed in (0, 1))
    x, y = pydl.tensor(a), pydl.tensor(b)

    @cupy.fuse
    def relu(v: Any) -> Any:
        return cupy.maximum(v, np.float32(0))

    @cupy.fuse
    def sigmoid(v: Any) -> Any:
        return 1 / (1 + cupy.exp(-v))

    @cupy.fuse
    def gelu(v: Any) -> Any:
        return v * 0.5 * (1 + cupy.tanh(0.79788456 * (v + 0.044715 * v * v * v)))

    yield "relu", 2, lambda: F.relu(x), partial(relu, a)
    yield "add", 3, lambda: x + y, lambda: a + b
    yield "add a number", 2, lambda: x + 1.5, lambda: a + np.float32(1.5)
    yield "add a row", 2, lambda: x + y[0], lambda: a + b[0]
    yield "exp", 2, lambda: x.exp(), lambda: cupy.exp(a)
    yield "tanh", 2, lambda: x.tanh(), lambda: cupy.tanh(a)
    yield "sigmoid", 2, lambda: x.sigmoid(), partial(sigmoid, a)
    yield "gelu (CuPy: tanh form)", 2, lambda: F.gelu(x), partial(gelu, a)
    yield "add the transpose", 3, lambda: x + y.T, lambda: a + b.T


def seconds(cupy: Any, call: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats + 3):
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record()
        call()
        end.record()
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(begin, end) / 1e3)
    return statistics.median(times[3:])


def main() -> None:
    options = arguments()
    if not pydl.cuda.is_available():
        raise SystemExit(f"gpu.py: expected a GPU, got none: {pydl.backend.cuda_missing()}")
    cupy = importlib.import_module("cupy")
    side = math.isqrt(options.megabytes << 18)
    numbers = side * side
    source, target = (cupy.zeros(numbers, np.float32) for _ in range(2))
    source += 1
    copy = 8 * numbers / seconds(cupy, lambda: cupy.copyto(target, source), options.repeats)
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"{name}, arrays of {4 * numbers >> 20} MiB, a copy {copy / 1e9:.0f} GB/s\n")
    print("| share of a copy | GB/s | CuPy's time / pydl's | operation |\n|---:|---:|---:|---|")
    results = []
    for title, moved, ours, theirs in rows(cupy, side):
        mine, other = seconds(cupy, ours, options.repeats), seconds(cupy, theirs, options.repeats)
        rate = moved * 4 * numbers / mine
        results.append({"operation": title, "share": rate / copy, "bytes_per_second": rate, "ratio": other / mine})
        print(f"| {rate / copy:.2f} | {rate / 1e9:.0f} | {other / mine:.2f} | {title} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"device": name, "rows": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
