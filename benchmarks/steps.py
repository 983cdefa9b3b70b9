"""Whole training steps: pydl against PyTorch in its modes, the same network, numbers and threads.

python benchmarks/steps.py [STEP …] [--modes eager tuned compile] [--threads N] [--seconds S] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import shapes
from training import MODES, OURS, Library, losses, make_step, start_states

import pydl
from pydl.benchmark import machine
from pydl.benchmark.timing import RUN, Timing, compare, compare_libraries

# Relative, of the losses before the first, second and third update. Adam divides the first gradients by their own size,
# so that rounding grows: the third losses of PyTorch's own two modes of dcgan differ by 1.2e-3.
TOLERANCES = (1e-5, 2e-3, 5e-3)
WARM = 3  # calls before a recorded step is replayed


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(shapes.STEPS)} (default: all)")
    parser.add_argument("--small", action="store_true", help=f"only {', '.join(shapes.SMALL)}")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=["eager", "tuned"], help="PyTorch's modes")
    parser.add_argument("--threads", type=int, default=pydl.get_num_threads(), metavar="N", help="of both libraries")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="time for a step and a mode")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as well")
    options = parser.parse_args()
    unknown = [name for name in options.steps if name not in shapes.STEPS]
    if unknown:
        parser.error(f"expected steps among {', '.join(shapes.STEPS)}, got {', '.join(unknown)}")
    options.steps = options.steps or list(shapes.SMALL if options.small else shapes.STEPS)
    return options


def against(name: str, ours: str, mode: str, seconds: float) -> Timing:
    """Time pydl's step in its mode `ours` against PyTorch's, after their first losses were found equal."""
    pydl_, torch = Library("pydl", ours), Library("torch", mode)
    start = start_states(name, torch)
    our_step, their_step = make_step(name, pydl_, start), make_step(name, torch, start)
    expected, got = losses(name, torch, their_step), losses(name, pydl_, our_step)
    if not (np.abs(np.subtract(got, expected)) <= np.abs(expected) * TOLERANCES).all():
        raise AssertionError(f"[{name}] expected PyTorch's losses {expected}, got {got}")
    for _ in range(WARM):
        our_step()
    return compare_libraries(our_step, their_step, seconds)


def alone(name: str, mode: str, seconds: float) -> float:
    """Seconds of pydl's step where there is no PyTorch."""
    library = Library("pydl", mode)
    step = make_step(name, library, start_states(name, library))
    for _ in range(WARM):
        step()
    return compare(step, step, seconds, run=RUN).ours


def row(name: str, modes: list[str], seconds: float) -> dict[str, Any]:
    """Both libraries in all their modes; the best of one against the best of the other."""
    timings = {(ours, mode): against(name, ours, mode, seconds) for ours in OURS for mode in modes}
    theirs = {mode: min(timings[ours, mode].theirs for ours in OURS) for mode in modes}
    best = min(modes, key=lambda mode: theirs[mode])
    ours = {own: min(timings[own, mode].ours for mode in modes) for own in OURS}
    best_ours = min(OURS, key=lambda mode: ours[mode])
    return {
        "step": name,
        "ratio": theirs[best] / ours[best_ours],
        "median_ratio": timings[best_ours, best].median,
        **{f"pydl_{mode}_ms": seconds * 1e3 for mode, seconds in ours.items()},
        "best_pydl": best_ours,
        "best": best,
        **{f"{mode}_ms": seconds * 1e3 for mode, seconds in theirs.items()},
    }


def print_row(values: list[str]) -> None:
    print(f"| {' | '.join(values)} |", flush=True)


def compare_all(steps: list[str], modes: list[str], seconds: float) -> list[dict[str, Any]]:
    """Print the table, ratios first; gives its rows."""
    columns = [*(f"pydl {mode}, ms" for mode in OURS), *(f"PyTorch {mode}, ms" for mode in modes)]
    print_row(["step", "best to best", "median", *columns])
    print_row(["---", *["---:"] * (2 + len(columns))])
    rows = []
    for name in steps:
        r = row(name, modes, seconds)
        rows.append(r)
        times = [f"{r[key]:.3f}" for key in (*(f"pydl_{mode}_ms" for mode in OURS), *(f"{mode}_ms" for mode in modes))]
        print_row([name, f"{r['ratio']:.2f}", f"{r['median_ratio']:.2f}", *times])
    mean = math.exp(sum(math.log(r["ratio"]) for r in rows) / len(rows))
    print(f"\nGeometric mean of the ratios: {mean:.2f}")
    return rows


def main() -> None:
    options = arguments()
    pydl.set_num_threads(options.threads)
    description = machine.describe(f"{options.threads} threads")
    print(f"{description['processor']}, {description['cores']} cores, {options.threads} threads a library, "
          f"{description['load']} processes wanting to run; pydl: {description['isa']}", end="")  # fmt: skip
    rows: list[dict[str, Any]]
    if importlib.util.find_spec("torch") is None:
        print("; no PyTorch to compare with (pip install torch)\n")
        rows = []
        for name in options.steps:
            times = {f"pydl_{mode}_ms": alone(name, mode, options.seconds) * 1e3 for mode in OURS}
            rows.append({"step": name, **times})
            print(f"{name:10s} " + "  ".join(f"{mode} {times[f'pydl_{mode}_ms']:.3f} ms" for mode in OURS), flush=True)
    else:
        torch = Library("torch").root
        torch.set_num_threads(options.threads)
        description["torch"] = torch.__version__
        print(f"; PyTorch {torch.__version__}. float32; a ratio is PyTorch's time / pydl's.\n")
        rows = compare_all(options.steps, options.modes, options.seconds)
    if options.json:
        options.json.write_text(json.dumps({"machine": description, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
