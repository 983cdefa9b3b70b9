"""Times every kernel against the best plain NumPy: `pydl bench`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import backend
from ..cli.arguments import Parser, UsageError
from . import machine, report
from .case import Case
from .cases import all_cases
from .timing import BLAS_SPIN, RUN, SAMPLE, compare

BLAS = ("gemm", "conv", "norm")  # families whose best NumPy is products of matrices, on as many threads as ours


def _parser() -> Parser:
    parser = Parser("bench", "Time every kernel against the best plain NumPy.")
    parser.add_argument("--filter", default="", metavar="TEXT", help="only rows whose family, kernel or shape has TEXT")
    parser.add_argument("--full", action="store_true", help="every size, not the short form's")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of both sides (default: pydl's)")
    parser.add_argument("--seconds", type=float, metavar="S", help="time for a row (default: 0.2; 0.5 with --full)")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE as well")
    return parser


def select(full: bool, text: str) -> list[Case]:
    """The cases to run; ValueError where none has `text` in its title."""
    cases = [case for case in all_cases() if full or case.short]
    chosen = [case for case in cases if text.lower() in case.title.lower()]
    if not chosen:
        families = ", ".join(dict.fromkeys(case.family for case in cases))
        raise ValueError(f"[bench] expected --filter with text of a row (families: {families}), got {text!r}")
    return chosen


def measure(case: Case, seconds: float) -> report.Row:
    """Check that both sides agree, then time them; AssertionError where they do not agree."""
    work = case.build(np.random.default_rng(0))
    difference = work.difference()
    if difference:
        raise AssertionError(f"[bench] expected {case.title} to agree with NumPy, got {difference}")
    spins = case.family in BLAS and backend.get_num_threads() > 1
    pause, least = (BLAS_SPIN, RUN) if spins else (0.0, SAMPLE)
    return report.row_of(case, work, compare(work.ours, work.theirs, seconds, pause=pause, run=least))


def run(cases: Sequence[Case], threads: int, seconds: float, markdown: bool, json: Path | None) -> None:
    with machine.threads(threads) as blas_threads:
        description = machine.describe(blas_threads)
        line = report.markdown_line if markdown else report.text_line
        print(*report.head_lines(description), "", sep="\n\n" if markdown else "\n")
        print(report.markdown_head() if markdown else line(report.HEAD))
        rows = []
        for case in cases:
            rows.append(measure(case, seconds))
            print(line(report.cells(rows[-1])), flush=True)
    print("", report.mean_line(rows), sep="\n")
    if json:
        report.write_json(json, description, rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks that `argv` asks for; 0, 1 where a kernel disagrees with NumPy, 2 for wrong arguments."""
    try:
        options = _parser().parse(sys.argv[1:] if argv is None else argv)
        threads = backend.get_num_threads() if options.threads is None else options.threads
        seconds = (0.5 if options.full else 0.2) if options.seconds is None else options.seconds
        if not 1 <= threads <= 1024:
            raise ValueError(f"[bench] expected --threads in 1 … 1024, got {threads}")
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"[bench] expected --seconds >= 0, got {seconds}")
        if options.json and not options.json.absolute().parent.is_dir():
            raise ValueError(f"[bench] expected --json in a folder that exists, got {options.json}")
        cases = select(options.full, options.filter)
    except (ValueError, UsageError) as error:
        print(f"pydl bench: {str(error).removeprefix('bench: ')}", file=sys.stderr)
        return 2
    try:
        run(cases, threads, seconds, options.markdown, options.json)
    except AssertionError as error:
        print(f"pydl bench: {error}", file=sys.stderr)
        return 1
    return 0
