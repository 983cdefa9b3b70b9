"""Peak resident memory of training steps, pydl beside PyTorch, each in a process of its own.

python benchmarks/memory.py [STEP …] [--steps N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import shapes

LIBRARIES = (("pydl", "eager"), ("pydl", "capture"), ("torch", "eager"), ("torch", "tuned"))


def peak(name: str, library: str, mode: str, steps: int) -> dict[str, float]:
    """MiB resident in a fresh process: after the import, and at most while it trains."""
    command = [sys.executable, __file__, name, "--steps", str(steps), "--alone", library, mode]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def alone(name: str, library: str, mode: str, steps: int) -> None:
    """Train in this process and print the figures."""
    from training import Library, make_step, start_states

    chosen = Library(library, mode)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    step = make_step(name, chosen, start_states(name, chosen))
    for _ in range(steps):
        step()
    print(json.dumps({"import": before, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="STEP", help=f"of {', '.join(shapes.STEPS)} (default: all)")
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="training steps")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as well")
    parser.add_argument("--alone", nargs=2, metavar=("LIBRARY", "MODE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in shapes.STEPS]
    if unknown:
        parser.error(f"expected steps among {', '.join(shapes.STEPS)}, got {', '.join(unknown)}")
    if options.alone:
        alone(options.names[0], *options.alone, options.steps)
        return
    print("| step | pydl, MiB | pydl capture | PyTorch | PyTorch tuned | the same above the import |")
    print("|---|---:|---:|---:|---:|---|")
    rows: list[dict[str, Any]] = []
    for name in options.names or shapes.STEPS:
        peaks = {names: peak(name, *names, options.steps) for names in LIBRARIES}
        ours, theirs = ([p["peak"] for (library, _), p in peaks.items() if library == of] for of in ("pydl", "torch"))
        ratio = min(theirs) / max(ours)
        rows.append({"step": name, "ratio": ratio, **{" ".join(names): p for names, p in peaks.items()}})
        above = " · ".join(f"{p['peak'] - p['import']:.0f}" for p in peaks.values())
        cells = " | ".join(f"{p['peak']:.0f}" for p in peaks.values())
        print(f"| {name} | {cells} | {above} |", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"mebibytes": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
