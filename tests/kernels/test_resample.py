"""Weighted sums of slices along one axis: right against a matrix product, the same bits in every layout."""

import numpy as np
import pytest

from pydl.backend import kernels

_cpu = kernels(np.empty(0))


def taps(rng, length, size):
    """Up to four sources for each place, none for some."""
    counts = rng.integers(0, 5, size)
    starts = np.concatenate([[0], counts.cumsum()])
    return starts, rng.integers(0, length, starts[-1]), rng.standard_normal(starts[-1])


def layouts(x):
    yield np.ascontiguousarray(np.moveaxis(x, 1, -1)).transpose(0, -1, *range(1, x.ndim - 1))
    yield np.asfortranarray(x)
    yield np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    yield np.repeat(x, 2, axis=-1)[..., ::2]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("axis", range(4))
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (3, 17, 6, 33), (2, 64, 9, 20), (1, 1, 1, 40)])
def test_blend_is_a_matrix_product(shape, axis, dtype):
    rng = np.random.default_rng(axis)
    x = rng.standard_normal(shape).astype(dtype)
    starts, sources, weights = taps(rng, shape[axis], 11)
    matrix = np.zeros((11, shape[axis]))
    np.add.at(matrix, (np.repeat(np.arange(11), np.diff(starts)), sources), weights.astype(dtype))
    y = _cpu.blend(x, axis, starts, sources, weights)
    expected = np.moveaxis(np.tensordot(matrix, x.astype("f8"), (1, axis)), 0, axis)
    np.testing.assert_allclose(y, expected, atol=1e-5 if dtype == "float32" else 1e-14)
    for other in layouts(x):
        np.testing.assert_array_equal(_cpu.blend(other, axis, starts, sources, weights), y)


def test_an_absent_source_multiplies_nothing():
    x = np.full((3, 20), np.inf, "f4")
    x[1] = np.nan
    y = _cpu.blend(x, 0, [0, 1, 1, 2], [0, 2], [1.0, -1.0])
    np.testing.assert_array_equal(y, np.float32([[np.inf] * 20, [0] * 20, [-np.inf] * 20]))
    np.testing.assert_array_equal(_cpu.blend(x.T.copy(), 1, [0, 1, 1, 2], [0, 2], [1.0, -1.0]), y.T)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, [0], [], []), "axis"),
        ((-1, [0], [], []), "axis"),
        ((0, [], [], []), "starts"),
        ((0, [0, 2], [0], [1.0]), "starts"),
        ((0, [0, 1], [0], []), "starts"),
        ((0, [0, 2, 1, 2], [0, 1], [1.0, 1.0]), "starts"),
        ((0, [0, 1], [3], [1.0]), "sources"),
        ((0, [0, 1], [-1], [1.0]), "sources"),
    ],
)
def test_taps_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        _cpu.blend(np.ones((3, 4), "f4"), *arguments)
