"""The first replay is held against the function itself, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .recorded import Recorded
from .structure import describe, mapped


class _State:
    """All that a step changes beyond its own memory, as it is now."""

    def __init__(self, recorded: Recorded) -> None:
        self.arrays = [array.copy(order="K") for array in recorded.outside]
        self.counts = recorded.counts()
        self.offsets = [(generator._seed, generator._offset) for generator, _ in recorded.generators]
        self.grads = [_bits(tensor().grad) for tensor, _ in recorded.grads]
        self.versions = [cell.count for cell, _ in recorded.versions]

    def restore(self, recorded: Recorded) -> None:
        for array, before in zip(recorded.outside, self.arrays, strict=True):
            array[...] = before
        recorded.set_counts(self.counts)
        for (generator, _), place in zip(recorded.generators, self.offsets, strict=True):
            generator._seed, generator._offset = place
        for (cell, _), count in zip(recorded.versions, self.versions, strict=True):
            cell.count = count

    def same(self, other: _State) -> bool:
        return (
            [_bits(x) for x in self.arrays] == [_bits(x) for x in other.arrays]
            and (self.counts, self.offsets, self.grads, self.versions)
            == (other.counts, other.offsets, other.grads, other.versions)
        )  # fmt: skip


def _bits(x: Any) -> Any:
    array = x._data if isinstance(x, Tensor) else x
    return None if array is None else (array.shape, array.dtype, array.tobytes())


def verify(recorded: Recorded, call: Callable[[], Any], tensors: list[Tensor]) -> tuple[Any, bool]:
    """What call() gives, and whether a replay leaves the same bits everywhere."""
    before, grads = _State(recorded), [(tensor, tensor().grad) for tensor, _ in recorded.grads]
    try:
        replayed: Any = recorded.replay(tensors)
        after = _State(recorded)
    except Exception:
        replayed = after = None  # the function itself says what is wrong, if something is
    before.restore(recorded)
    for tensor, grad in grads:
        tensor().grad = grad
    result = call()
    same = after is not None and after.same(_State(recorded)) and _same_results(replayed, result)
    recorded.outside = []
    return result, same


def _same_results(a: Any, b: Any) -> bool:
    """Whether two results have one structure, equal numbers and tensors of the same bits."""
    return _described(a) == _described(b)


def _described(result: Any) -> Any:
    found: list[Any] = []
    return describe(mapped(result, lambda tensor: found.append(_bits(tensor))), []), found
