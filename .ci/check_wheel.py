"""Checks a built wheel: at most 5 MB, two requirements, and an import that costs NumPy + 50 ms and nothing optional."""

from __future__ import annotations

import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

OPTIONAL = {"tqdm", "matplotlib", "cupy", "PIL", "torch", "sklearn", "safetensors.torch"}


def run(code: str) -> str:
    """What a fresh interpreter, away from the source tree, prints for `code`."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout


def imports(code: str) -> float:
    """Seconds that a fresh interpreter needs for `code`."""
    timed = f"import time; start = time.perf_counter(); {code}; print(time.perf_counter() - start)"
    return float(run(timed))


def main(path: str) -> None:
    wheel = Path(path)
    size = wheel.stat().st_size / 1e6
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(n for n in archive.namelist() if n.endswith("METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    required = sorted(
        line.removeprefix("Requires-Dist: ").split(">")[0]
        for line in lines
        if line.startswith("Requires-Dist") and "extra ==" not in line
    )
    print(f"{wheel.name}: {size:.2f} MB, requires {required}")
    assert size <= 5, f"expected a wheel of at most 5 MB, got {size:.2f}"
    assert required == ["numpy", "safetensors"], required

    code = "import sys, pydl; print(' '.join(m for m in sys.modules))"
    loaded = set(run(code).split())
    assert not loaded & OPTIONAL, f"import pydl loads {loaded & OPTIONAL}"

    imports("import pydl")
    pairs = [(imports("import numpy"), imports("import pydl")) for _ in range(15)]
    cost = min(b for _, b in pairs) - min(a for a, _ in pairs)
    middle = statistics.median(b - a for a, b in pairs)
    print(f"import pydl costs NumPy + {cost * 1e3:.1f} ms (minimum; median of pairs {middle * 1e3:.1f} ms)")
    assert cost <= 0.05, f"expected at most 50 ms over NumPy, got {cost * 1e3:.1f}"


if __name__ == "__main__":
    main(sys.argv[1])
