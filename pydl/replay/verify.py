"""The first replay is held against the function itself, bit for bit."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import cpu_kernels
from ..tensor import Tensor
from .recorded import Recorded
from .recorder import OURS
from .structure import describe, mapped


class _Before:
    """All that a step changes beyond its own memory, to be put back."""

    def __init__(self, recorded: Recorded) -> None:
        self.arrays = [array.copy(order="K") for array in recorded.outside]
        # What the recorded call left in the tape's memory: results, tensors that the step stored. Gradients that
        # the parameters alone have are gone with the next call.
        ours = {pair[1]._data.ctypes.data for pair in recorded.grads if pair[1] is not None and not _is_held(pair)}
        living = [block for block in recorded.tape.living() if block.ctypes.data not in ours]
        self.living = [(block, block.copy()) for block in living]
        self.counts = recorded.counts()
        self.offsets = [(generator._seed, generator._offset) for generator, _ in recorded.generators]
        self.versions = [cell.count for cell, _ in recorded.versions]
        self.grads = [(tensor, tensor().grad) for tensor, _ in recorded.grads]

    def restore(self, recorded: Recorded) -> None:
        for array, before in zip(recorded.outside, self.arrays, strict=True):
            array[...] = before
        for block, bytes_before in self.living:
            block[...] = bytes_before
        recorded.set_counts(self.counts)
        for (generator, _), place in zip(recorded.generators, self.offsets, strict=True):
            generator._seed, generator._offset = place
        for (cell, _), count in zip(recorded.versions, self.versions, strict=True):
            cell.count = count
        for tensor, grad in self.grads:
            tensor().grad = grad


def _is_held(pair: tuple[Any, Any]) -> bool:
    """Whether someone beside the leaf and the recording has its gradient, or an array of the same memory."""
    return (
        sys.getrefcount(pair[1]) > OURS + 1
        or sys.getrefcount(pair[1]._data) > OURS
        or sys.getrefcount(pair[1]._data.base) > OURS
    )


def _traces(recorded: Recorded) -> Any:
    """The same as it is now, to be compared: of arrays no copies but digests."""
    return (
        [_bits(array) for array in recorded.outside],
        recorded.counts(),
        [(generator._seed, generator._offset) for generator, _ in recorded.generators],
        [_bits(tensor().grad) for tensor, _ in recorded.grads],
        [cell.count for cell, _ in recorded.versions],
        [update.options() for update in recorded.updates],
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
