"""Copies from one layout to another, joins and padding, against NumPy: every dtype, any strides, sizes shared out."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pydl
from pydl import ops
from pydl.backend import kernels
from pydl.ops.copying import lies_as

_cpu = kernels(np.empty(0))
DTYPES = ["float32", "float64", "int64", "uint8", "bool"]
# Small and odd, thin, more than one item of work (16,384 elements), one long row, nothing.
SHAPES = [
    (3, 5, 7, 2),
    (300, 3, 2, 20),
    (40, 3, 33, 17),
    (130, 1, 300, 2),
    (2, 90, 9, 40),
    (1, 1, 1, 50001),
    (20, 1, 4000, 1),
    (4, 0, 3, 2),
]


def layouts(x):
    """Arrays of one shape with the elements of `x`, that lie differently."""
    for order in itertools.permutations(range(4)):
        yield x.transpose(order).copy().transpose(np.argsort(order))
    wide = np.zeros((*x.shape[:2], x.shape[2] * 2, x.shape[3] + 3), x.dtype)
    wide[:, :, ::2, 1:-2] = x
    yield wide[:, :, ::2, 1:-2]
    yield x[::-1, :, ::-1].copy()[::-1, :, ::-1]


def steps(x):
    return [stride for stride, size in zip(x.strides, x.shape, strict=True) if size > 1]


def values(shape, dtype):
    x = np.random.default_rng(0).integers(0, 200, shape)
    return (x % 2 if dtype == "bool" else x).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_copies_of_every_layout(shape, dtype):
    x = values(shape, dtype)
    for source in layouts(x):
        for contiguous in (True, False):
            y = _cpu.copied(source, contiguous)
            np.testing.assert_array_equal(y, x)
            assert y.flags.c_contiguous or not contiguous
            assert contiguous or y.size == 0 or steps(y) == steps(np.array(source))
    for target in layouts(np.zeros_like(x)):
        around = target.base.copy() if target.base is not None else None
        _cpu.copy(x, target)
        np.testing.assert_array_equal(target, x)
        if around is not None and around.size > x.size:  # a part of a larger array: the rest is as it was
            target[...] = 0
            np.testing.assert_array_equal(target.base, around)


@pytest.mark.parametrize("shape", [(60, 1, 40, 50), (1, 70, 1, 33), (2, 3, 1, 1)])
def test_a_source_that_is_spread(shape):
    source = np.random.default_rng(0).standard_normal(shape[1:]).astype("f")
    whole = np.broadcast_to(source, (9, *shape[1:]))
    np.testing.assert_array_equal(_cpu.copied(whole, True), whole)
    target = np.empty((9, *shape[1:]), "f").transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)
    _cpu.copy(source, target)
    np.testing.assert_array_equal(target, whole)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", range(4))
def test_joins_and_padding(axis, dtype):
    shapes = [[3, 40, 9, 33] for _ in range(3)]
    for shape, size in zip(shapes, (5, 0, 18), strict=True):
        shape[axis] = size
    for parts in zip(*(layouts(values(shape, dtype)) for shape in shapes), strict=True):
        np.testing.assert_array_equal(_cpu.joined(list(parts), axis), np.concatenate(parts, axis))
        widths = [(0, 0), (2, 0), (1, 3), (0, 1)]
        np.testing.assert_array_equal(_cpu.padded(parts[2], widths, 1), np.pad(parts[2], widths, constant_values=1))


def test_what_does_not_fit_is_refused():
    x, y = np.zeros((2, 3), "f"), np.zeros((2, 3))
    with pytest.raises(TypeError, match=r"\[joined\] expected every array"):
        _cpu.joined([x, y], 0)
    for arrays, axis in (([], 0), ([x], 2), ([x, x.T], 0), ([x, x[0]], 0)):
        with pytest.raises(ValueError, match=r"\[joined\] expected .*got"):
            _cpu.joined(arrays, axis)
    for widths in ([(0, 0)], [(0, 0), (-1, 0)]):
        with pytest.raises(ValueError, match=r"\[padded\] expected .*got"):
            _cpu.padded(x, widths, 0)


@st.composite
def shapes_and_cuts(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    order = draw(st.permutations(range(len(sizes))))
    steps = [draw(st.sampled_from([slice(None), slice(None, None, 2), slice(None, None, -1)])) for _ in sizes]
    x = np.arange(int(np.prod(sizes))).reshape(sizes).transpose(order)[tuple(steps)]
    factors = [f for n in x.shape for f in ((2, n // 2) if n % 2 == 0 else (n,))]
    new, joins = [1], draw(st.lists(st.booleans(), min_size=len(factors), max_size=len(factors)))
    for factor, join in zip(factors, joins, strict=True):
        new = [*new[:-1], new[-1] * factor] if join else [*new, factor]
    return x, tuple(new)


@given(shapes_and_cuts())
def test_reshape_is_a_view_where_numpys_is(case):
    x, shape = case
    assert lies_as(x, shape) == np.may_share_memory(x.reshape(shape), x)
    y = ops.reshape(pydl.from_numpy(x), shape)
    np.testing.assert_array_equal(y.numpy(), x.reshape(shape))
    assert np.may_share_memory(y.numpy(), x) == np.may_share_memory(x.reshape(shape), x)
