"""Arguments and results: nested tuples (named ones too), lists and dicts of tensors, numbers and strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor

_CONSTANTS = (int, float, str, bool, bytes, type(None))


class NotRecordable(Exception):
    """An argument or result that is none of these, or a tensor that a recording cannot take."""


def _is_named(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def describe(value: Any, tensors: list[Tensor]) -> Any:
    """What must be equal in two calls for the same kernels to run; tensors are added to `tensors`."""
    kind = type(value)
    if kind is Tensor or isinstance(value, Tensor):
        array = value._data
        if not isinstance(array, np.ndarray):
            raise NotRecordable("a tensor on a GPU")
        if value._requires_grad:
            raise NotRecordable("a tensor that requires a gradient")
        tensors.append(value)
        return array.shape, array.strides, array.dtype
    if kind is float:
        return kind, value.hex()  # -0 is not 0 here, and NaN is NaN
    if kind in _CONSTANTS:
        return kind, value
    if kind in (tuple, list) or _is_named(value):
        return kind, tuple([describe(x, tensors) for x in value])
    if kind is dict:
        return kind, tuple([(name, describe(x, tensors)) for name, x in value.items()])
    raise NotRecordable(kind.__name__)


def outside_graph(result: Any) -> Any:
    """A result whose tensors have no graph."""
    return mapped(result, lambda x: x.detach() if x._requires_grad and not x.is_leaf else x)


def mapped(value: Any, change: Callable[[Tensor], Any]) -> Any:
    """`value` with `change(tensor)` for every tensor in it."""
    if isinstance(value, Tensor):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)([mapped(x, change) for x in value])
    if type(value) is dict:
        return {name: mapped(x, change) for name, x in value.items()}
    if type(value) in _CONSTANTS:
        return value
    if _is_named(value):
        return type(value)(*[mapped(x, change) for x in value])
    raise NotRecordable(type(value).__name__)
