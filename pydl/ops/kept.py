"""What a node keeps for its backward pass beside its inputs: masks, indices and weights."""

from __future__ import annotations

from typing import Any

from ..autograd import is_grad_enabled
from ..tensor import Tensor

COPIED = 1 << 16  # bytes


class Kept:
    """An array, or an index with arrays in it, as it was in the forward pass.

    Small arrays are copies. The others are watched: a change in place since is an error that says so.
    """

    __slots__ = ("value", "watched")

    def __init__(self, value: Any, watched: tuple = ()) -> None:
        self.value, self.watched = value, watched

    def load(self, node: str) -> Any:
        for cell, count, shape, what in self.watched:
            if cell.count != count:
                raise RuntimeError(
                    f"[{node}] expected {what} as it was in the forward pass, got a tensor of shape {shape} that was "
                    f"changed in place since (version {cell.count}, was {count})"
                )
        return self.value

    def mapped(self, value: Any) -> Kept:
        """What was made of this one."""
        return Kept(value, self.watched)


def keep(what: str, value: Any, *inputs: Any) -> Kept:
    """The arrays of the tensors in `value`, for a node with these inputs."""
    if type(value) in (int, slice):
        return Kept(value)
    if not is_grad_enabled() or not any(getattr(x, "_requires_grad", False) for x in inputs):
        return Kept(_arrays(value))
    watched: list[tuple] = []
    return Kept(_frozen(what, value, watched), tuple(watched))


def _arrays(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_arrays, value))
    return value._data if isinstance(value, Tensor) else value


def _frozen(what: str, value: Any, watched: list[tuple]) -> Any:
    if isinstance(value, tuple):
        return tuple([_frozen(what, part, watched) for part in value])
    if not isinstance(value, Tensor):
        return value
    if value._data.nbytes <= COPIED:
        return value._data.copy()
    cell = value._shared_version()
    watched.append((cell, cell.count, value.shape, what))
    return value._data
