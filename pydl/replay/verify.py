"""The first replay is held against the function itself, bit for bit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import cpu_kernels
from ..tensor import Tensor
from .recorded import Recorded
from .structure import describe, mapped


class _Before:
    """All that a step changes beyond its own memory, to be put back."""

    def __init__(self, recorded: Recorded) -> None:
        self.arrays = [array.copy(order="K") for array in recorded.outside]
        self.counts = recorded.counts()
        self.offsets = [(generator._seed, generator._offset) for generator, _ in recorded.generators]
        self.versions = [cell.count for cell, _ in recorded.versions]
        self.grads = [(tensor, tensor().grad) for tensor, _ in recorded.grads]

    def restore(self, recorded: Recorded) -> None:
        for array, before in zip(recorded.outside, self.arrays, strict=True):
            array[...] = before
        recorded.set_counts(self.counts)
        for (generator, _), place in zip(recorded.generators, self.offsets, strict=True):
            generator._seed, generator._offset = place
        for (cell, _), count in zip(recorded.versions, self.versions, strict=True):
            cell.count = count
        for tensor, grad in self.grads:
            tensor().grad = grad


def _traces(recorded: Recorded) -> Any:
    """The same as it is now, to be compared: of arrays no copies but digests."""
    return (
        [_bits(array) for array in recorded.outside],
        recorded.counts(),
        [(generator._seed, generator._offset) for generator, _ in recorded.generators],
        [_bits(tensor().grad) for tensor, _ in recorded.grads],
        [cell.count for cell, _ in recorded.versions],
    )


def _bits(x: Any) -> Any:
    array = x._data if isinstance(x, Tensor) else x
    if array is None:
        return None
    return array.shape, array.dtype, hashlib.sha256(np.ascontiguousarray(array).data).digest()


def verify(recorded: Recorded, call: Callable[[], Any], tensors: list[Tensor]) -> tuple[Any, bool]:
    """What call() gives, and whether a replay leaves the same bits everywhere.

    The memory of one of the two is given back before the other runs: together they would need twice as much.
    """
    cpu_kernels().empty_cache()
    before = _Before(recorded)
    try:
        replayed: Any = recorded.replay(tensors)
        after = _traces(recorded)
    except Exception:
        replayed = after = None  # the function itself says what is wrong, if something is
    before.restore(recorded)
    grads = [grad for _, grad in before.grads]
    del before
    recorded.tape.rest()
    result = call()
    same = after is not None and after == _traces(recorded) and _same_results(replayed, result)
    if same:
        recorded.guard_grads(grads)
    recorded.outside = []
    cpu_kernels().empty_cache()
    return result, same


def _same_results(a: Any, b: Any) -> bool:
    """Whether two results have one structure, equal numbers and tensors of the same bits."""
    return _described(a) == _described(b)


def _described(result: Any) -> Any:
    found: list[Any] = []
    return describe(mapped(result, lambda tensor: found.append(_bits(tensor))), []), found
