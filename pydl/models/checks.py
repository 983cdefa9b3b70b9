"""Checks of what is given to `fit` and `predict`; errors read `[function] expected …, got …`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def check_X(function: str, X: Any) -> np.ndarray:
    """X as an array (rows, features) of finite floats: float32 as it is, everything else float64."""
    if hasattr(X, "toarray"):
        raise TypeError(f"[{function}] expected X as a dense array, got a sparse one; use its toarray()")
    array = _floats(function, "X", X)
    if array.ndim != 2:
        advice = ": Reshape your data" if array.ndim < 2 else ""
        raise ValueError(f"[{function}] expected X of shape (rows, features), got shape {array.shape}{advice}")
    if 0 in array.shape:
        raise ValueError(
            f"[{function}] expected X of at least one row and one feature, got {array.shape[0]} sample(s) and "
            f"{array.shape[1]} feature(s) (shape={array.shape}) while a minimum of 1 is required."
        )
    return array


def check_y(function: str, y: Any, numbers: bool = False) -> np.ndarray:
    """y as an array (rows,): of classes, or of finite float64 with `numbers`."""
    if y is None:
        raise ValueError(f"[{function}] expected y, got None: it requires y to be passed, but the target y is None")
    array = _floats(function, "y", y).astype(np.float64) if numbers else np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not array.size:
        raise ValueError(f"[{function}] expected y of shape (rows,), got shape {array.shape}")
    return array if numbers else _labels(function, array)


def _labels(function: str, y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "O":
        kinds = {type(value) for value in y}
        for kind, known in ((str, str), (bool, bool | np.bool_), (int, int | np.integer)):
            if all(issubclass(k, known) for k in kinds):
                return y.astype(kind)
        names = ", ".join(sorted(k.__name__ for k in kinds))
        raise ValueError(f"[{function}] expected y of strings or integers, got {names}: Unknown label type")
    if y.dtype.kind == "f":
        if not np.isfinite(y).all():
            raise ValueError(f"[{function}] expected y without NaN and inf, got some: Input contains NaN or infinity")
        if (y != np.floor(y)).any():
            raise ValueError(f"[{function}] expected y of classes, got fractions: Unknown label type: continuous")
    elif y.dtype.kind not in "iubUS":
        raise ValueError(f"[{function}] expected y of strings or integers, got {y.dtype}: Unknown label type")
    return y


def _floats(function: str, name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"[{function}] expected {name} with rows of one length, got rows of several") from None
    if array.dtype.kind == "c":
        raise ValueError(f"[{function}] expected {name} of real numbers, got {array.dtype}: Complex data not supported")
    if array.dtype.kind not in "fiubO":
        raise TypeError(f"[{function}] expected {name} of numbers, got {array.dtype}")
    if array.dtype != np.float32:
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            text = f"[{function}] expected {name} of numbers, got {error}: argument must be a string or a number"
            raise type(error)(text) from None
    if not np.isfinite(array).all():
        what = "NaN" if np.isnan(array).any() else "infinity"
        raise ValueError(f"[{function}] expected {name} without NaN and inf, got {what} (Input contains {what}.)")
    return array


def check_lengths(function: str, X: np.ndarray, y: np.ndarray) -> None:
    """ValueError unless there is one y for each row of X."""
    if len(X) != len(y):
        raise ValueError(f"[{function}] expected X and y of the same length, got {len(X)} and {len(y)}")


def check_number(function: str, name: str, value: Any, low: float = 0.0, high: float = math.inf) -> None:
    """TypeError unless a number; ValueError unless finite and in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"[{function}] expected {name} as a number, got {type(value).__name__}")
    if not low <= value <= high or not math.isfinite(value):
        raise ValueError(f"[{function}] expected {name} as a finite number in [{low:g}, {high:g}], got {value}")


def check_integer(function: str, name: str, value: Any, low: int) -> None:
    """TypeError unless an integer; ValueError below `low`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"[{function}] expected {name} as an integer, got {type(value).__name__}")
    if value < low:
        raise ValueError(f"[{function}] expected {name} as an integer >= {low}, got {value}")


def check_flag(function: str, name: str, value: Any) -> None:
    """TypeError unless True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"[{function}] expected {name} as True or False, got {value!r}")


def check_choice(function: str, name: str, value: Any, choices: Any) -> None:
    """ValueError unless `value` is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"[{function}] expected {name} as one of {', '.join(choices)}, got {value!r}")
