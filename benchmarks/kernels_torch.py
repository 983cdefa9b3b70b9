"""Every operation, forward and backward, against PyTorch in its better memory layout, with the same threads.

python benchmarks/kernels_torch.py [--filter TEXT] [--threads N] [--seconds S] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from operations import Operation, operations
from training import Library

import pydl
from pydl.benchmark import machine
from pydl.benchmark.timing import Timing, compare, compare_libraries

TOLERANCE = 2e-4  # of the largest element of a result
MODES = ("eager", "tuned")  # PyTorch's: contiguous; channels-last, and optimizers fused


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--filter", default="", metavar="TEXT", help="only rows whose family, name or shape has TEXT")
    parser.add_argument("--threads", type=int, default=pydl.get_num_threads(), metavar="N", help="of both libraries")
    parser.add_argument("--seconds", type=float, default=0.3, metavar="S", help="time for a pass and a mode")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as well")
    return parser.parse_args()


def copy_bandwidth(megabytes: int = 64) -> float:
    """Bytes read and written a second by PyTorch's copy of a large tensor: what a memory-bound kernel could reach."""
    import torch

    source, target = (torch.zeros(megabytes << 18) for _ in range(2))
    timing = compare(lambda: target.copy_(source), lambda: target.copy_(source), 0.5)
    return 2 * source.nbytes / min(timing.ours, timing.theirs)


def check(title: str, ours: Callable[[], Any], theirs: Callable[[], Any]) -> None:
    a, b = (np.asarray(f().detach().numpy(), np.float64) for f in (ours, theirs))
    error, scale = np.max(np.abs(a - b), initial=0), np.max(np.abs(b), initial=0)
    if a.shape != b.shape or not error <= TOLERANCE * scale:
        raise AssertionError(f"[{title}] expected PyTorch's result, got error {error:.3g} of {scale:.3g}")


def rows_of(operation: Operation, seconds: float) -> list[dict[str, Any]]:
    """A row for every pass: the ratio is to the faster of PyTorch's modes."""
    best: dict[str, tuple[str, Timing]] = {}
    for mode in MODES:
        ours, theirs = (
            operation.build(library, np.random.default_rng(0)) for library in (Library("pydl"), Library("torch", mode))
        )
        for name, call in theirs.items():
            check(f"{operation.title} {name}", ours[name], call)
            timing = compare_libraries(ours[name], call, seconds)
            if name not in best or timing.theirs < best[name][1].theirs:
                best[name] = mode, timing
    return [_row(operation, name, mode, timing) for name, (mode, timing) in best.items()]


def _row(operation: Operation, name: str, mode: str, timing: Timing) -> dict[str, Any]:
    return {
        "family": operation.family,
        "name": operation.name,
        "pass": name,
        "shape": operation.shape,
        "ratio": timing.ratio,
        "median_ratio": timing.median,
        "pydl_us": timing.ours * 1e6,
        "pytorch_us": timing.theirs * 1e6,
        "best": mode,
        "gigaflops": operation.flops / timing.ours / 1e9,
        "gigabytes_per_second": operation.bytes / timing.ours / 1e9 if name in ("forward", "step") else None,
    }


def _print(row: dict[str, Any]) -> None:
    rate = f"{row['gigaflops']:.0f} GFLOP/s" if row["gigaflops"] else ""
    if not rate and row["gigabytes_per_second"]:
        rate = f"{row['gigabytes_per_second']:.1f} GB/s"
    cells = (f"{row['ratio']:.2f}", f"{row['median_ratio']:.2f}", f"{row['pydl_us']:.1f}", f"{row['pytorch_us']:.1f}",
             row["best"], rate, row["family"], f"{row['name']} {row['pass']}", row["shape"])  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)


def _means(rows: list[dict[str, Any]]) -> dict[str, float]:
    families: dict[str, list[float]] = {}
    for row in rows:
        families.setdefault(f"{row['family']} {row['name']} {row['pass']}", []).append(math.log(row["ratio"]))
    return {name: math.exp(sum(logs) / len(logs)) for name, logs in families.items()}


def main() -> None:
    options = arguments()
    import torch

    pydl.set_num_threads(options.threads)
    torch.set_num_threads(options.threads)
    chosen = [operation for operation in operations() if options.filter.lower() in operation.title.lower()]
    if not chosen:
        raise SystemExit(f"kernels_torch.py: expected --filter with text of a row, got {options.filter!r}")
    description = machine.describe(f"{options.threads} threads")
    description |= {"pytorch": torch.__version__, "copy_gigabytes_per_second": copy_bandwidth() / 1e9}
    print(f"{description['processor']}, {description['cores']} cores, {options.threads} threads a library, "
          f"{description['load']} processes wanting to run; pydl: {description['isa']}; PyTorch {torch.__version__}; "
          f"copy {description['copy_gigabytes_per_second']:.1f} GB/s. float32; a ratio is PyTorch's time / pydl's.\n"
    )  # fmt: skip
    print("| ratio | median | pydl, µs | PyTorch, µs | its mode | rate | family | pass | shape |")
    print("|---:|---:|---:|---:|---|---|---|---|---|")
    rows = []
    for operation in chosen:
        for row in rows_of(operation, options.seconds):
            rows.append(row)
            _print(row)
    means = _means(rows)
    print("\nGeometric means: " + ", ".join(f"{name} {value:.2f}" for name, value in means.items()))
    below = [f"{row['name']} {row['pass']} {row['shape']} {row['ratio']:.2f}" for row in rows if row["ratio"] < 1]
    print(f"\n{len(below)} of {len(rows)} below 1.00" + (": " + "; ".join(below) if below else ""))
    if options.json:
        document = {"machine": description, "geometric_means": means, "rows": rows}
        options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
