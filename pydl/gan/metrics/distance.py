"""Products and distances of all pairs of samples, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ... import ops
from ...autograd import no_grad
from ...creation import from_numpy

PAIRS = 1 << 20  # in a block: 8 MB of float64
_CANCELLED = 1e-6  # of |a|² + |b|²: a square below this has lost too many digits


def products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a bᵀ of a (N, D) and b (M, D), with the same bits at any number of threads."""
    with no_grad():
        return ops.matmul(from_numpy(a), from_numpy(b).T).numpy()


def rows(count: int, others: int) -> Iterator[slice]:
    """Slices of `count` rows such that a block of them with `others` columns holds about `PAIRS` numbers."""
    step = max(1, PAIRS // max(1, others))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def square_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """|a_i - b_j|² for a slice of a's rows i and all j, slice after slice; exactly 0 for equal points.

    They are |a|² + |b|² - 2 a·b about b's medians, which are values of b: whole numbers stay whole, and ties ties.
    Where these nearly cancel, the difference itself is squared.
    """
    center = np.partition(b, len(b) // 2, axis=0)[len(b) // 2]
    centred = b - center
    norms = np.einsum("ij,ij->i", centred, centred)
    for rows_ in rows(len(a), len(b)):
        part, near = a[rows_], a[rows_] - center
        size = np.einsum("ij,ij->i", near, near)[:, None] + norms
        squares = size - 2 * products(near, centred)
        close = squares < _CANCELLED * size
        for i in np.flatnonzero(close.any(1)):
            j = np.flatnonzero(close[i])
            difference = part[i] - b[j]
            squares[i, j] = np.einsum("ij,ij->i", difference, difference)
        yield rows_, squares


def nearest_squares(a: np.ndarray, k: int = 1) -> np.ndarray:
    """The square of each point's distance to the k-th nearest of the others, (N,); k < N."""
    result = np.empty(len(a))
    for rows_, squares in square_blocks(a, a):
        squares[np.arange(len(squares)), np.arange(rows_.start, rows_.stop)] = np.inf
        result[rows_] = np.partition(squares, k - 1, axis=1)[:, k - 1]
    return result
