"""Datasets: anything with `__len__` and `__getitem__`, and the usual ways of putting them together."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from .. import checks
from . import check
from .samplerng import SPLIT, SampleRNG, batch_rngs, permutation


class Dataset:
    """Base of map-style datasets: subclasses give `__getitem__(index)` and `__len__()`."""

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"[{type(self).__name__}] a dataset needs __getitem__(index)")

    def __len__(self) -> int:
        raise NotImplementedError(f"[{type(self).__name__}] a dataset needs __len__()")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class ArrayDataset(Dataset):
    """Samples held in NumPy arrays of one length: item i is `(arrays[0][i], arrays[1][i], …)`.

    `transform` is applied to the first array's values. Whole batches are sliced out and transformed at once,
    with the same bits as one by one. ValueError for no arrays, 0-d arrays or different lengths.
    """

    def __init__(
        self,
        *arrays: np.ndarray,
        transform: Callable[..., Any] | None = None,
        name: str = "",
        split: str = "",
        classes: Sequence[str] = (),
    ) -> None:
        if not arrays:
            raise ValueError("[ArrayDataset] expected at least one array, got none")
        self.arrays = tuple(np.asarray(a) for a in arrays)
        shapes = [a.shape for a in self.arrays]
        if any(not s for s in shapes) or len({s[:1] for s in shapes}) > 1:
            raise ValueError(f"[ArrayDataset] expected arrays of one length, got shapes {shapes}")
        self.transform, self.name, self.split, self.classes = transform, name, split, tuple(classes)

    @property
    def data(self) -> np.ndarray:
        """The first array, before the transform: images (N, C, H, W) or points (N, D)."""
        return self.arrays[0]

    @property
    def targets(self) -> np.ndarray:
        """The second array: labels (N,). AttributeError where there is none."""
        if len(self.arrays) < 2:
            raise AttributeError(f"[{type(self).__name__}] expected a second array as targets, got one array alone")
        return self.arrays[1]

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one value of `data`: (C, H, W) for images."""
        return self.data.shape[1:]

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        sample = tuple(a[index] for a in self.arrays)
        return sample if self.transform is None else (self.transform(sample[0]), *sample[1:])

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """The samples at `indices` (B,) as arrays of leading size B, transformed; never views of the data."""
        first, rest = self._first(indices), [_take(a, indices) for a in self.arrays[1:]]
        if self.transform is not None:
            first = _transform_batch(self.transform, first, batch_rngs(len(indices)))
        return (first, *rest)

    def _first(self, indices: np.ndarray) -> np.ndarray:
        return _take(self.arrays[0], indices)


class TensorDataset(ArrayDataset):
    """PyTorch's TensorDataset: samples are tuples of the tensors' (or arrays') values along dimension 0."""

    def __init__(self, *tensors: Any) -> None:
        super().__init__(*(t.detach().numpy() if hasattr(t, "detach") else t for t in tensors))
        self.tensors = tensors

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(t[index] for t in self.tensors)


def _take(array: np.ndarray, indices: np.ndarray) -> np.ndarray:
    count = len(indices)
    if count and indices[0] >= 0 and indices[-1] - indices[0] == count - 1 and np.all(np.diff(indices) == 1):
        stop = int(indices[-1]) + 1
        if stop <= len(array):
            return array[stop - count : stop].copy()
    return array[indices]


def _transform_batch(transform: Callable[..., Any], values: np.ndarray, rngs: Sequence[SampleRNG]) -> np.ndarray:
    from .transforms import Lambda, Transform

    known = transform if isinstance(transform, Transform) else Lambda(transform)
    return known.batch(values, rngs)


class Subset(Dataset):
    """The samples of `dataset` at `indices`, in that order; IndexError if one is out of range."""

    def __init__(self, dataset: Any, indices: Sequence[int] | np.ndarray) -> None:
        self.dataset, self.indices = dataset, np.asarray(indices, dtype=np.int64).reshape(-1)
        size = len(dataset)
        wrong = np.flatnonzero((self.indices < -size) | (self.indices >= size))
        if len(wrong):
            at = int(wrong[0])
            raise IndexError(f"[Subset] expected indices below {size}, got {self.indices[at]} at position {at}")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]


class ConcatDataset(Dataset):
    """The samples of several datasets, one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("[ConcatDataset] expected at least one dataset, got none")
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"[ConcatDataset] expected an index below {size}, got {index}")
        index %= size
        part = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[part][index - (self.cumulative_sizes[part - 1] if part else 0)]


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset]:
    """Disjoint random subsets of the given lengths, which add up to len(dataset) or, as fractions, to 1.

    Fractions are rounded down and what is left goes to the first subsets, one each. `generator` is a seed or
    a generator; pydl's default one unless given.
    """
    size = len(dataset)
    sizes = _split_sizes(lengths, size)
    order = permutation(size, SPLIT, check.seed("random_split", generator))
    ends = list(accumulate(sizes))
    return [Subset(dataset, order[end - n : end]) for n, end in zip(sizes, ends, strict=True)]


def _split_sizes(lengths: Sequence[float], size: int) -> list[int]:
    if any(isinstance(n, float) for n in lengths) and math.isclose(sum(lengths), 1):
        shares = [checks.number("random_split", "lengths", n, 0, 1) for n in lengths]
        sizes = [math.floor(size * share) for share in shares]
        for i in range(size - sum(sizes)):
            sizes[i % len(sizes)] += 1
        return sizes
    sizes = [checks.integer("random_split", "lengths", n, 0) for n in lengths]
    if sum(sizes) != size:
        raise ValueError(f"[random_split] expected lengths adding up to {size} or 1, got {list(lengths)}")
    return sizes
