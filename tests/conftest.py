"""Shared by every test. Where the repository holds no compiled module, the installed pydl is the one tested."""

import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
if not list((ROOT / "pydl").glob("_cpu*")):
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    os.environ["PYTHONSAFEPATH"] = "1"  # the same for the interpreters that tests start from here

import pydl  # noqa: E402

# A suite started in the background may have been told to ignore Ctrl-C; tests send it, here and to what they start.
for signum, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(signum) == signal.SIG_IGN:
        signal.signal(signum, handler)


@pytest.fixture
def threads():
    """Sets the number of threads; the number before is restored."""
    before = pydl.get_num_threads()
    yield pydl.set_num_threads
    pydl.set_num_threads(before)
