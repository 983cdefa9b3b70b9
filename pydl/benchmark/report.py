"""Results as a table of ratios: first how many times faster, then what rate that is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .case import Case, Work
from .timing import Timing


@dataclass(frozen=True)
class Row:
    """Times are seconds a call at best; ratios are NumPy's time over ours."""

    family: str
    name: str
    shape: str
    ratio: float
    median_ratio: float
    seconds: float
    numpy_seconds: float
    gigabytes_per_second: float
    gigaflops: float
    pairs: int


def row_of(case: Case, work: Work, timing: Timing) -> Row:
    return Row(
        family=case.family,
        name=case.name,
        shape=case.shape,
        ratio=timing.ratio,
        median_ratio=timing.median,
        seconds=timing.ours,
        numpy_seconds=timing.theirs,
        gigabytes_per_second=work.bytes / timing.ours / 1e9,
        gigaflops=work.flops / timing.ours / 1e9,
        pairs=timing.pairs,
    )


HEAD = ("ratio", "median", "rate", "ours µs", "NumPy µs", "family", "kernel", "shape")


def cells(row: Row) -> tuple[str, ...]:
    rate = f"{row.gigaflops:.1f} GFLOP/s" if row.gigaflops else f"{row.gigabytes_per_second:.1f} GB/s"
    times = f"{row.seconds * 1e6:.1f}", f"{row.numpy_seconds * 1e6:.1f}"
    return f"{row.ratio:.2f}", f"{row.median_ratio:.2f}", rate, *times, row.family, row.name, row.shape


WIDTHS = (7, 7, 14, 10, 10)


def text_line(row_cells: Iterable[str]) -> str:
    """Numbers to the right, names to the left."""
    items = list(row_cells)
    numbers = [item.rjust(width) for item, width in zip(items, WIDTHS, strict=False)]
    family, kernel, shape = items[len(WIDTHS) :]
    return "  ".join([*numbers, family.ljust(8), kernel.ljust(18), shape]).rstrip()


def markdown_line(row_cells: Iterable[str]) -> str:
    return f"| {' | '.join(row_cells)} |"


def markdown_head() -> str:
    return f"{markdown_line(HEAD)}\n|{'---:|' * len(WIDTHS)}{'---|' * (len(HEAD) - len(WIDTHS))}"


def head_lines(machine: dict[str, Any]) -> list[str]:
    m = machine
    busy = f", {m['load']} processes wanting to run" if m["load"] == m["load"] else ""
    return [
        f"{m['processor']}, {m['cores']} cores{busy}; Python {m['python']}",
        f"pydl: {m['isa']}, {m['threads']} threads. NumPy {m['numpy']} with {m['blas']}, {m['blas_threads']} for its "
        "matrix products (its other functions use one).",
        "float32; ratio = NumPy's time / ours, of the best times and the median over interleaved pairs; "
        "both results were compared first.",
    ]


def means(rows: list[Row]) -> dict[str, float]:
    """The geometric mean of the ratios of each family."""
    families: dict[str, list[float]] = {}
    for row in rows:
        families.setdefault(row.family, []).append(math.log(row.ratio))
    return {name: math.exp(sum(logs) / len(logs)) for name, logs in families.items()}


def mean_line(rows: list[Row]) -> str:
    return "geometric means: " + ", ".join(f"{name} {value:.2f}" for name, value in means(rows).items())


def write_json(path: Path, machine: dict[str, Any], rows: list[Row]) -> None:
    document = {"machine": machine, "geometric_means": means(rows), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
