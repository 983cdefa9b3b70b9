"""Shared by every test. Where the repository holds no compiled module, the installed pydl is the one tested."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
if not list((ROOT / "pydl").glob("_cpu*")):
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    os.environ["PYTHONSAFEPATH"] = "1"  # the same for the interpreters that tests start from here

import pydl  # noqa: E402


@pytest.fixture
def threads():
    """Sets the number of threads; the number before is restored."""
    before = pydl.get_num_threads()
    yield pydl.set_num_threads
    pydl.set_num_threads(before)
