"""What a table of times was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend

BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def processor() -> str:
    """The processor's model name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blas() -> str:
    """Name and version of the BLAS that NumPy was built with."""
    config: Any = np.show_config(mode="dicts")
    found = config.get("Build Dependencies", {}).get("blas", {})
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()


def load() -> float:
    """Processes that wanted to run, on average over the last minute; NaN where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


@contextmanager
def threads(n: int) -> Iterator[str]:
    """Set the threads of pydl and of NumPy's BLAS to n; gives the sentence that says what NumPy uses."""
    before = backend.get_num_threads()
    with ExitStack() as stack:
        backend.set_num_threads(n)
        stack.callback(backend.set_num_threads, before)
        try:
            threadpool_limits = import_module("threadpoolctl").threadpool_limits
        except ImportError:
            yield _from_environment(n)
        else:
            stack.enter_context(threadpool_limits(n, user_api="blas"))
            yield f"{n} threads"


def _from_environment(n: int) -> str:
    for variable in BLAS_VARIABLES:
        if os.environ.get(variable):
            return f"{variable}={os.environ[variable]}"
    return f"its own choice of threads (pip install threadpoolctl sets it to {n})"


def describe(blas_threads: str) -> dict[str, str | int | float]:
    """The machine, the two sides and how busy the machine is, for the head of a table and for its JSON."""
    return {
        "processor": processor(),
        "cores": cores(),
        "load": round(load(), 2),
        "isa": backend.isa_name(),
        "threads": backend.get_num_threads(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas(),
        "blas_threads": blas_threads,
    }
