"""How the cost of a recorded step grows with batch, width, image size and threads, beside PyTorch and the roofline.

python benchmarks/growth.py [--seconds S] [--json FILE] [--plot FILE.svg]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import networks
import numpy as np
from training import Library, state_of, supervised_step

import pydl
from pydl.benchmark import machine
from pydl.benchmark.timing import compare, compare_libraries

MODES = ("eager", "tuned")
CLASSES = 10


class Point(NamedTuple):
    """One training step: a network, its batch, and the multiply-adds of its forward pass."""

    series: str
    variable: str
    value: int
    threads: int
    network: Callable[[Any, Any], Any]
    batch: tuple[int, ...]
    work: int


def _mlp(batch: int, width: int) -> tuple[Callable[[Any, Any], Any], tuple[int, ...], int]:
    sizes = (784, width, width, CLASSES)
    work = batch * sum(a * b for a, b in pairwise(sizes))
    return lambda nn, F: networks.mlp(nn, *sizes), (batch, 784), work


def _convnet(batch: int, width: int, size: int) -> tuple[Callable[[Any, Any], Any], tuple[int, ...], int]:
    work = batch * 9 * (3 * width * size**2 + width**2 * size**2 + 2 * width**2 * size**2 // 4)
    return partial(networks.convnet, width), (batch, 3, size, size), work


def points(cores: int) -> Iterator[Point]:
    for batch in (8, 16, 32, 64, 128, 256):
        yield Point("mlp 512", "batch", batch, cores, *_mlp(batch, 512))
        yield Point("convnet 64, 32²", "batch", batch, cores, *_convnet(batch, 64, 32))
    for width in (16, 32, 64, 128, 256):
        yield Point("mlp, batch 64", "width", width, cores, *_mlp(64, width))
        yield Point("convnet, batch 32, 16²", "width", width, cores, *_convnet(32, width, 16))
    for size in (8, 16, 32, 64):
        yield Point("convnet 32, batch 16", "size", size, cores, *_convnet(16, 32, size))
    for threads in sorted({1, cores}):
        yield Point("mlp 512, batch 128", "threads", threads, threads, *_mlp(128, 512))
        yield Point("convnet 64, batch 32, 32²", "threads", threads, threads, *_convnet(32, 64, 32))


def step_of(point: Point, library: Library, start: dict[str, np.ndarray]) -> Callable[[], Any]:
    return library.whole(supervised_step(point.network, point.batch, CLASSES, library, start))


def measured(point: Point, peak: float, seconds: float) -> dict[str, Any]:
    """Milliseconds of both libraries; the roofline is three passes of multiply-adds at the peak of a product."""
    import torch

    pydl.set_num_threads(point.threads)
    torch.set_num_threads(point.threads)
    pydl.manual_seed(0)
    start = state_of(point.network(pydl.nn, pydl.nn.functional))
    ours = step_of(point, Library("pydl", "capture"), start)
    timings = {mode: compare_libraries(ours, step_of(point, Library("torch", mode), start), seconds) for mode in MODES}
    best = min(timings, key=lambda mode: timings[mode].theirs)
    return {
        "series": point.series,
        point.variable: point.value,
        "threads": point.threads,
        "ratio": timings[best].ratio,
        "pydl_ms": timings[best].ours * 1e3,
        "pytorch_ms": timings[best].theirs * 1e3,
        "best": best,
        "roofline_ms": 6 * point.work / (peak * point.threads) * 1e3,
    }


def peak_of_a_thread(seconds: float) -> float:
    """FLOP/s of a 1024³ product of PyTorch's on one thread."""
    import torch

    torch.set_num_threads(1)
    a = torch.randn(1024, 1024)
    timing = compare(lambda: a @ a, lambda: a @ a, seconds)
    return 2 * 1024**3 / min(timing.ours, timing.theirs)


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Milliseconds over batch, width and image size; both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4), layout="constrained")
    for axes, variable in zip(figure.subplots(1, 3), ("batch", "width", "size"), strict=True):
        for i, series in enumerate(dict.fromkeys(row["series"] for row in rows if variable in row)):
            of = [row for row in rows if row["series"] == series and variable in row]
            values = [row[variable] for row in of]
            for key, style in (("pydl", "o-"), ("PyTorch", "s--"), ("roofline", ":")):
                times = [row[f"{key.lower()}_ms"] for row in of]
                axes.plot(values, times, style, color=f"C{i}", label=f"{series}, {key}")
        axes.set(yscale="log", xlabel=variable, ylabel="ms a step")
        axes.set_xscale("log", base=2)
        axes.set_xticks(values, values)
        axes.legend(fontsize=6)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.6, metavar="S", help="time for a point and a mode")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as well")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them, by matplotlib")
    options = parser.parse_args()
    cores = machine.cores()
    description = machine.describe(f"{cores} threads")
    peak = peak_of_a_thread(options.seconds)
    print(f"{description['processor']}, {cores} cores, {description['load']} processes wanting to run; pydl: "
          f"{description['isa']}; PyTorch's product reaches {peak / 1e9:.0f} GFLOP/s a thread. float32.\n")  # fmt: skip
    print("| series | | threads | ratio | pydl, ms | PyTorch, ms | its mode | roofline, ms |")
    print("|---|---|---:|---:|---:|---:|---|---:|")
    rows = []
    for point in points(cores):
        r = measured(point, peak, options.seconds)
        rows.append(r)
        times = f"{r['pydl_ms']:.2f} | {r['pytorch_ms']:.2f} | {r['best']} | {r['roofline_ms']:.2f}"
        what = f"{point.series} | {point.variable} {point.value} | {point.threads}"
        print(f"| {what} | {r['ratio']:.2f} | {times} |", flush=True)
    if options.json:
        document = {"machine": description, "gigaflops_of_a_thread": peak / 1e9, "rows": rows}
        options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
