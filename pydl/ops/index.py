"""What stands between the brackets of a tensor, made ready for NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .checks import as_tensor
from .kept import COPIED


def plain_index(index: Any) -> Any:
    """`index` with tensors for its arrays and lists."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    if isinstance(index, Tensor):
        as_tensor("getitem", index)
        if index.dtype.kind == "f":
            raise TypeError(f"[getitem] expected indices of integers or bool, got {index.dtype}")
        return index
    if isinstance(index, list):
        index = np.asarray([int(i) if isinstance(i, Tensor) else i for i in index])
        return index.astype(np.intp) if index.size == 0 else index
    if isinstance(index, slice):
        ends = (index.start, index.stop, index.step)
        return slice(*(end.__index__() if isinstance(end, Tensor) else end for end in ends))
    if isinstance(index, float):
        raise TypeError("[getitem] expected integers, slices, None, … or masks, got float")
    return index.copy() if isinstance(index, np.ndarray) and index.nbytes <= COPIED else index


def is_basic(index: Any) -> bool:
    """Whether NumPy answers with a view."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(i is None or i is Ellipsis or isinstance(i, (slice, int, np.integer)) for i in parts) and not any(
        isinstance(i, (bool, np.bool_)) for i in parts
    )


def in_order(index: Any, ndim: int) -> tuple[Any, tuple[int, ...] | None]:
    """An index as PyTorch reads it, and the order of the axes of the array that it is for (None: as they are).

    For NumPy an integer beside arrays is an array too, and where a slice parts arrays, their dimensions go to the
    front: x[0, :, i] has the shape of i before the slice. For PyTorch the integer is none and takes its axis away
    first: the slice comes before. So it is put next to the arrays, and its axis with it. An … that stands for no axis
    parts nothing in PyTorch, and is left out.
    """
    if not isinstance(index, tuple):
        return index, None
    kinds = [_kind(part) for part in index]
    spans = _axes(index, ndim) if "array" in kinds else None
    if spans is None:
        return index, None
    kept = [i for i, part in enumerate(index) if part is not Ellipsis or spans[i]]
    integers = [i for i in kept if kinds[i] == "integer"]
    others = [i for i in kept if kinds[i] != "integer"]
    order = None
    if integers and _adjoin(others, kinds) and not _adjoin(kept, kinds):
        first = next(place for place, i in enumerate(others) if kinds[i] == "array")
        kept = [*others[:first], *integers, *others[first:]]
        axes = [axis for i in kept for axis in spans[i]]
        order = *axes, *range(len(axes), ndim)
    return tuple(index[i] for i in kept), order


def _adjoin(parts: list[int], kinds: list[str]) -> bool:
    """Whether nothing parts the arrays, and the integers, that are among `parts`."""
    places = [place for place, i in enumerate(parts) if kinds[i] != "other"]
    return places[-1] - places[0] == len(places) - 1


def _kind(part: Any) -> str:
    if isinstance(part, (tuple, range, bool, np.bool_)) or getattr(part, "ndim", 0) > 0:
        return "array"
    return "integer" if hasattr(part, "__index__") else "other"


def _axes(index: tuple, ndim: int) -> list[range] | None:
    """The axes that each part of an index is about; None where they do not fit or a bool stands for no axis."""
    counts: list[int | None] = []
    for part in index:
        dtype = getattr(part, "dtype", None)
        kind = dtype.kind if dtype is not None else "b" if isinstance(part, bool) else ""
        if kind == "b" and not getattr(part, "ndim", 0):
            return None
        counts.append(None if part is Ellipsis else 0 if part is None else part.ndim if kind == "b" else 1)
    rest = ndim - sum(count for count in counts if count)
    if rest < 0 or counts.count(None) > 1:
        return None
    spans, start = [], 0
    for count in counts:
        end = start + (rest if count is None else count)
        spans.append(range(start, end))
        start = end
    return spans
