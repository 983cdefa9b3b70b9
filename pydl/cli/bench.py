"""`pydl bench`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    """Time the kernels against NumPy."""
    return importlib.import_module("pydl.benchmark").main(list(argv)) or 0
