"""Copies of arrays: by our kernels, on all threads, where they take the dtype; else by NumPy, or CuPy on a GPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backend import OWN, Array, array_module, kernels


def _ours(x: Array) -> bool:
    return isinstance(x, np.ndarray) and x.dtype in OWN


def copied(x: Array, contiguous: bool = False) -> Array:
    """Dense, row-major if `contiguous`, else with the dimensions of `x` in the order in which they lie."""
    if _ours(x):
        return kernels(x).copied(x, contiguous)
    return array_module(x).array(x, order="C" if contiguous else "K", copy=True)


def joined(arrays: Sequence[Array], axis: int) -> Array:
    """One after the other along `axis`; they have one dtype."""
    if _ours(arrays[0]):
        return kernels(arrays[0]).joined(arrays, axis)
    return array_module(arrays[0]).concatenate(arrays, axis=axis)


def padded(x: Array, widths: Sequence[tuple[int, int]], value: float) -> Array:
    """With (before, after) more elements of `value` in each dimension."""
    if _ours(x):
        return kernels(x).padded(x, widths, value)
    return array_module(x).pad(x, widths, constant_values=value)


def reshaped(x: Array, shape: tuple[int, ...]) -> tuple[Array, bool]:
    """The elements in row-major order in another shape of as many, and whether that is a view."""
    if x.flags.c_contiguous or x.size == 0 or lies_as(x, shape):
        return x.reshape(shape), True
    return copied(x, contiguous=True).reshape(shape), False


def lies_as(x: Array, shape: tuple[int, ...]) -> bool:
    """Whether strides can give `x`, of at least one element, another shape.

    So they can where each of its runs, dimensions that lie like one, is some of the new dimensions.
    """
    runs: list[int] = []
    previous = 0
    for size, stride in zip(x.shape, x.strides, strict=True):
        if size == 1:
            continue
        if runs and previous == stride * size:
            runs[-1] *= size
        else:
            runs.append(size)
        previous = stride
    sizes = iter([n for n in shape if n != 1])
    for run in runs:
        count = 1
        while count < run:
            count *= next(sizes)
        if count != run:
            return False
    return True
