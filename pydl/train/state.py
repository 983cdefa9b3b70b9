"""The parts of a training's state, checked before any of them is taken over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..tensor import Tensor

MAX_COUNT = 2**53  # steps and lines; no training comes near
MAX_EPOCH = 2**32 - 1


def integer(name: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"expected {name} as an integer in {low} … {high}, got {str(value)[:40]}")
    return value


def number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"expected {name} as a number, got {type(value).__name__}")
    return float(value)


def figures(name: str, value: Any) -> dict[str, float]:
    return {key: number(f"{name}[{key!r}]", item) for key, item in mapping(name, value).items()}


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or any(not isinstance(key, str) for key in value):
        raise TypeError(f"expected {name} as a dict whose keys are strings, got {type(value).__name__}")
    return value


def check_progress(progress: Any, batches: int | None) -> dict[str, Any]:
    """epoch, position, step and elapsed, where an epoch has `batches` batches (None: not known)."""
    found = mapping("progress", progress)
    epoch = integer("progress.epoch", found["epoch"], 0, MAX_EPOCH)
    most = MAX_COUNT if batches is None else batches
    position = integer("progress.position", found["position"], 0, most)
    exact = batches is not None or epoch == 0
    least = epoch * (batches or 1) + position
    step = integer("progress.step", found["step"], least, least if exact else MAX_COUNT)
    elapsed = number("progress.elapsed", found["elapsed"])
    if not 0 <= elapsed < math.inf:
        raise ValueError(f"expected progress.elapsed as a finite number >= 0, got {elapsed}")
    return {"epoch": epoch, "position": position, "step": step, "elapsed": elapsed}


def check_sums(sums: Any, metrics: Mapping[str, float], position: int) -> dict[str, float]:
    """The sums of an epoch of which `position` steps are done, the last one with `metrics`."""
    result = figures("sums", sums)
    if bool(result) != bool(position and metrics) or not (not position or set(metrics) <= set(result)):
        names = sorted(metrics) if position else []
        raise ValueError(f"expected sums of {names} after {position} steps of the epoch, got {sorted(result)}")
    return result


def check_history(history: Any, epochs: int) -> tuple[list[dict[str, float]], str]:
    """The figures of `epochs` epochs, and why training stopped."""
    found = mapping("history", history)
    rows, stopped = found["epochs"], found["stopped"]
    if not isinstance(rows, (list, tuple)) or len(rows) != epochs:
        raise ValueError(f"expected history.epochs as a list of {epochs} epochs, got {str(rows)[:40]}")
    if not isinstance(stopped, str):
        raise TypeError(f"expected history.stopped as a string, got {type(stopped).__name__}")
    return [figures("history.epochs", row) for row in rows], stopped


def copied(value: Any) -> Any:
    """`value` with copies of its arrays and tensors, so that what changes them does not change it."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(copied(item) for item in value)
    if isinstance(value, Tensor):
        return value.detach().clone()
    return value.copy() if isinstance(value, np.ndarray) else value
