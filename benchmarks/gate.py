"""Has a change made training slower? The steps of this pydl beside those of another one, in turn.

python benchmarks/gate.py OTHER_PYTHON [STEP …] [--slack SHARE] [--seconds S]

OTHER_PYTHON is the interpreter of an environment that has the pydl to compare with, such as the last release. The two
take turns in processes of their own; where the median of the paired ratios is below 1 - slack for a step, the exit
status is 1.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import time
from typing import Any

import shapes

PIECE = 0.05  # seconds of one turn


class Worker:
    """A process that trains when it is told to, and says how long a step took."""

    def __init__(self, python: str, name: str) -> None:
        command = [python, __file__, python, name, "--work"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._read()

    def _read(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"gate.py: expected {self._process.args} to train, got exit {self._process.wait()}")
        return line.strip()

    def seconds(self, steps: int) -> float:
        assert self._process.stdin
        print(steps, file=self._process.stdin, flush=True)
        return float(self._read()) / steps

    def close(self) -> None:
        self._process.communicate()


def work(name: str) -> None:
    from training import Library, make_step, start_states

    import pydl

    library = Library("pydl")
    step = make_step(name, library, start_states(name, library))
    step()
    print(f"{pydl.__version__} from {pydl.__file__}", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - start, flush=True)


def compare(name: str, other: str, seconds: float) -> tuple[float, float, float]:
    """Milliseconds of this pydl and of the other at best, and the median of other / this over the pairs."""
    workers = Worker(sys.executable, name), Worker(other, name)
    try:
        steps = max(1, math.ceil(PIECE / max(w.seconds(1) for w in workers)))
        end, pairs = time.perf_counter() + seconds, []
        while len(pairs) < 5 or time.perf_counter() < end:
            pairs.append([w.seconds(steps) for w in workers])
    finally:
        for w in workers:
            w.close()
    ours, theirs = (min(times) * 1e3 for times in zip(*pairs, strict=True))
    return ours, theirs, statistics.median(b / a for a, b in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("other", metavar="OTHER_PYTHON")
    parser.add_argument("names", nargs="*", metavar="STEP", help=f"of {', '.join(shapes.STEPS)} (default: the small)")
    parser.add_argument("--slack", type=float, default=0.05, metavar="SHARE", help="how much slower is let pass")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="time for a step")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    unknown = [name for name in options.names if name not in shapes.STEPS]
    if unknown:
        parser.error(f"expected steps among {', '.join(shapes.STEPS)}, got {', '.join(unknown)}")
    if options.work:
        work(options.names[0])
        return 0
    slower = []
    print("| step | median other / this | this, ms | other, ms |\n|---|---:|---:|---:|")
    for name in options.names or shapes.SMALL:
        ours, theirs, ratio = compare(name, options.other, options.seconds)
        print(f"| {name} | {ratio:.3f} | {ours:.3f} | {theirs:.3f} |", flush=True)
        if ratio < 1 - options.slack:
            slower.append(name)
    if slower:
        print(f"gate.py: slower than before: {', '.join(slower)}", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
