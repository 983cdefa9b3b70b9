"""`pydl info`."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import pydl

from .. import backend
from .arguments import Parser

EXTRAS = {"tqdm": "train", "matplotlib": "train", "cupy-cuda13x": "cuda"}


def run(argv: Sequence[str]) -> int:
    """Print what this installation is and can use."""
    Parser("info", "version, instruction set, threads, GPU, extras").parse(argv)
    missing = backend.cuda_missing()
    lines = {
        "pydl": pydl.__version__,
        "python": f"{platform.python_version()} on {platform.machine()}",
        "requires": ", ".join(f"{name} {_version(name)}" for name in ("numpy", "safetensors")),
        "kernels": f"{backend.isa_name()}, {_threads(backend.get_num_threads())}",
        "cuda": f"no: {missing}" if missing else "yes",
        "extras": ", ".join(_extra(name, extra) for name, extra in EXTRAS.items()),
    }
    for name, text in lines.items():
        print(f"{name:<10}{text}")
    return 0


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count != 1)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _extra(package: str, extra: str) -> str:
    found = _version(package)
    return f"{package} {found}" if found else f'no {package} (pip install "pydl[{extra}]")'
