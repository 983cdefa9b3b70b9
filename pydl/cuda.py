"""What PyTorch's programs ask about GPUs."""

from __future__ import annotations

import importlib

from .backend import cuda_missing
from .random import manual_seed

__all__ = ["device_count", "is_available", "manual_seed", "manual_seed_all", "synchronize"]

manual_seed_all = manual_seed  # one generator serves every device


def is_available() -> bool:
    """Whether this build has CUDA kernels, and CuPy and a GPU are there; `pydl info` says what is missing."""
    return not cuda_missing()


def device_count() -> int:
    """How many GPUs can be used."""
    return int(importlib.import_module("cupy").cuda.runtime.getDeviceCount()) if is_available() else 0


def synchronize() -> None:
    """Wait for the GPU's work; nothing to wait for without one."""
    if is_available():
        importlib.import_module("cupy").cuda.runtime.deviceSynchronize()
