"""`pydl bench`."""

from __future__ import annotations

from collections.abc import Sequence

from .. import benchmark


def run(argv: Sequence[str]) -> int:
    """Time the kernels against NumPy."""
    return benchmark.main(argv)
