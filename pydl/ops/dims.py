"""Dimension arguments: negative ones counted from the end, every one checked."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

_OURS = {"axis": "dim", "keepdims": "keepdim"}


def with_axis(function: F) -> F:
    """`function`, that also takes NumPy's names for dim and keepdim, and of keepdim only a bool."""
    place = list(inspect.signature(function).parameters).index("keepdim")

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        for theirs in named.keys() & _OURS:
            ours = _OURS[theirs]
            if ours in named:
                raise TypeError(f"[{function.__name__}] expected {ours} or {theirs}, got both")
            named[ours] = named.pop(theirs)
        keepdim = args[place] if len(args) > place else named.get("keepdim", False)
        if not isinstance(keepdim, (bool, np.bool_)):
            raise TypeError(f"[{function.__name__}] expected keepdim as a bool, got {type(keepdim).__name__}")
        return function(*args, **named)

    return cast(F, call)


def check_dim(function: str, dim: Any, ndim: int) -> int:
    """`dim` in 0 … ndim-1 (a scalar counts as one dimension)."""
    if type(dim) is not int and (isinstance(dim, bool) or not isinstance(dim, (int, np.integer))):
        raise TypeError(f"[{function}] expected dim as an integer, got {type(dim).__name__}")
    span = max(ndim, 1)
    if not -span <= dim < span:
        raise IndexError(f"[{function}] expected dim in {-span} … {span - 1}, got {dim}")
    return int(dim) % span


def check_dims(function: str, dims: Any, ndim: int) -> tuple[int, ...]:
    """A dimension, several, or None for all of them; in ascending order."""
    if dims is None or (isinstance(dims, (tuple, list)) and len(dims) == 0):
        return tuple(range(ndim))
    chosen = [check_dim(function, d, ndim) for d in (dims if isinstance(dims, (tuple, list)) else (dims,))]
    if len(set(chosen)) != len(chosen):
        raise ValueError(f"[{function}] expected every dim once, got {tuple(dims)}")
    return tuple(sorted(chosen)) if ndim else ()


def as_shape(function: str, sizes: Sequence[Any]) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence; each an integer >= 0 and their product below 2⁵⁸."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    count = 1
    for size in sizes:
        if isinstance(size, bool) or not hasattr(size, "__index__"):
            raise TypeError(f"[{function}] expected sizes as integers, got {type(size).__name__}")
        if int(size) < 0:
            raise ValueError(f"[{function}] expected sizes >= 0, got {tuple(sizes)}")
        count *= max(int(size), 1)
    if count >= 2**58:
        raise ValueError(f"[{function}] expected a shape that memory can hold, got {tuple(sizes)}")
    return tuple(int(size) for size in sizes)
