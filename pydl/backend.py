"""From the type of an array to the kernels that work on it. No other file imports the compiled modules."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from . import recording
from .devices import CPU
from .devices import device as Device

try:
    _cpu = importlib.import_module("pydl._cpu")
except ImportError as error:
    root = Path(__file__).resolve().parent.parent
    built = [name for name in EXTENSION_SUFFIXES if (Path(__file__).parent / f"_cpu{name}").exists()]
    if (root / "CMakeLists.txt").exists() and not built:
        raise ImportError(
            f"[pydl] expected the compiled module pydl._cpu beside {__file__}, got a source tree that was not "
            f"built for this Python. Where pydl is installed, run Python from another folder; else type  "
            f"pip install -e {root}"
        ) from error
    raise

Array = Any  # numpy.ndarray, or cupy.ndarray on a GPU
_PAGE, _PLACED, _numbers = 4096, 16 * 4096, count()
OWN = frozenset(map(np.dtype, (np.float32, np.float64, np.int64, np.uint8, np.bool_)))  # what kernels take


def kernels(array: Array) -> Any:
    """The compiled module whose kernels take `array`."""
    if isinstance(array, np.ndarray):
        return _cpu
    if not hasattr(array, "__cuda_array_interface__"):
        raise TypeError(f"[kernels] expected an array of NumPy or CuPy, got {type(array).__name__}")
    return _load_cuda()


def cpu_kernels() -> ModuleType:
    """The compiled module for NumPy arrays, for kernels that are given none."""
    return _cpu


class _Device:
    """The kernels of a GPU; to ask for one that is not written yet is an error that says so."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        kernel = getattr(self._module, name, None)
        if kernel is None:
            raise NotImplementedError(
                f"[{name}] expected tensors on the CPU, got some on a GPU, which has no kernel yet"
            )
        return kernel


def array_module(array: Array) -> ModuleType:
    """numpy or cupy: the library that moves, slices and compares `array`."""
    if not isinstance(array, np.ndarray):
        return importlib.import_module("cupy")
    return np if recording.recorder() is None else recording.recorder().numpy


def room(shape: tuple[int, ...], dtype: np.dtype, make: Any = np.empty) -> np.ndarray:
    """An array for what lasts; where it is large, with a place in its page as results have one (csrc/core/memory.h).

    make: np.empty, or np.zeros for zeros that take no memory before they are written.
    """
    size = math.prod(shape) * dtype.itemsize
    if size < _PLACED:
        return make(shape, dtype)
    buffer = make(size + _PAGE, np.uint8)
    place = next(_numbers) % 13 * 256 - buffer.__array_interface__["data"][0]
    return np.ndarray(shape, dtype, buffer, place % _PAGE)


def duplicate(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A copy as `dtype`, in the order of the array's strides."""
    if not array.flags.c_contiguous:
        return np.array(array, dtype=dtype, order="K", copy=True)
    copy = room(array.shape, dtype)
    np.copyto(copy, array, casting="unsafe")
    return copy


def device_of(array: Array) -> Device:
    return CPU if isinstance(array, np.ndarray) else Device("cuda", array.device.id)


def to_device(array: Array, device: str) -> Array:
    """`array` on `device` ("cpu", "cuda", "cuda:0", …); the array itself where it is there already."""
    target = Device(device)
    if target.type == "cpu":
        return array if isinstance(array, np.ndarray) else array.get()
    _load_cuda()
    cupy = importlib.import_module("cupy")
    with cupy.cuda.Device(target.index or 0):
        return cupy.asarray(array)


@cache
def _load_cuda() -> _Device:
    """pydl._cuda, looked for until it is found; an error names the parts that are missing."""
    reason = cuda_missing()
    if reason:
        raise RuntimeError(f"[cuda] expected a usable NVIDIA GPU, got none: {reason}")
    return _Device(importlib.import_module("pydl._cuda"))


def cuda_missing() -> str:
    """All that keeps the GPU from being used; empty where nothing does."""
    missing = []
    if importlib.util.find_spec("pydl._cuda") is None:
        missing.append("this build of pydl has no CUDA kernels (nvcc was not found when it was built)")
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        missing.append('CuPy is not installed; type:  pip install "pydl[cuda]"')
    else:
        try:
            count = cupy.cuda.runtime.getDeviceCount()
        except Exception as error:  # CuPy raises errors of its own for a missing driver
            count, reason = 0, f" ({error})"
        else:
            reason = ""
        if not count:
            missing.append(f"CuPy found no device{reason}")
    return ", and ".join(missing)


def _threads_from_environment() -> None:
    text = os.environ.get("PYDL_NUM_THREADS")
    if text is None or text == "":
        return
    if not text.strip().isdecimal() or not 1 <= int(text) <= 1024:
        raise ValueError(f"[PYDL_NUM_THREADS] expected an integer in 1 … 1024, got {text!r}")
    _cpu.set_num_threads(int(text))


def set_num_threads(n: int) -> None:
    """Use at most `n` threads in CPU kernels (1 … 1024). Results do not depend on it."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"[set_num_threads] expected n as an integer, got {type(n).__name__}")
    if not 1 <= n <= 1024:
        raise ValueError(f"[set_num_threads] expected n in 1 … 1024, got {n}")
    _cpu.set_num_threads(int(n))


def get_num_threads() -> int:
    """Threads that CPU kernels use at most."""
    return _cpu.num_threads()


def version() -> str:
    """The version that the kernels were built as."""
    return _cpu.__version__


def isa_name() -> str:
    """Instruction set of the CPU kernels: baseline, avx2 or avx512 (PYDL_ISA overrides the choice)."""
    return _cpu.isa_name()


_threads_from_environment()
