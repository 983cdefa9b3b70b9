"""The reduction kernels: right against NumPy in extended precision, one order of sums for every layout."""

import hashlib
import math

import numpy as np
import pytest

import pydl
from pydl import _cpu

SHAPES = [
    (),
    (1,),
    (7,),
    (128,),
    (129,),
    (5000,),
    (3, 4),
    (1, 9),
    (40, 33),
    (300, 70),
    (4, 3, 5, 6),
    (2, 50, 7, 7),
]
REFERENCES = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "amax": np.max,
    "amin": np.min,
    "sum_squares": lambda x, **options: np.sum(x * x, **options),
}


def axes_of(ndim):
    singles = [(axis,) for axis in range(ndim)]
    return [None, *singles, (0, ndim - 1), (0, *range(2, ndim))][: 1 if ndim == 0 else None]


def cases():
    pairs = [(shape, axes) for shape in SHAPES for axes in axes_of(len(shape))]
    return [(shape, axes) for shape, axes in pairs if axes is None or len(set(axes)) == len(axes)]


def layouts(x):
    """The same values in other layouts."""
    yield np.asfortranarray(x)
    yield np.repeat(x, 2, axis=-1)[..., ::2]
    yield np.ascontiguousarray(x[::-1])[::-1]
    yield np.ascontiguousarray(x.T[..., ::-1])[..., ::-1].T


def near(got, want, x, axes, keepdim=False):
    scale = np.sum(np.abs(x.astype(np.float64)), axis=axes, keepdims=keepdim)
    np.testing.assert_array_less(np.abs(got - want), 8 * np.finfo(got.dtype).eps / 2 * scale + 1e-300)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "axes"), cases())
def test_values(shape, axes, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    for name, reference in REFERENCES.items():
        for keepdim in (False, True):
            values = np.asarray(np.sign(x) * np.exp(x / 50), dtype) if name == "prod" else x
            got = getattr(_cpu, name)(values, axes, keepdim)
            want = reference(values.astype(np.longdouble), axis=axes, keepdims=keepdim)
            assert got.dtype == dtype
            assert got.shape == want.shape
            if name in ("amax", "amin"):
                np.testing.assert_array_equal(got, want)
            elif name == "prod":
                np.testing.assert_allclose(got, want, rtol=1e-3 if dtype == np.float32 else 1e-11)
            else:
                near(got, want, x * x if name == "sum_squares" else x, axes, keepdim)


@pytest.mark.parametrize("name", [*REFERENCES, "argmax", "argmin"])
@pytest.mark.parametrize(("shape", "axes"), [case for case in cases() if case[0]])
def test_layout_leaves_the_bits_alone(name, shape, axes):
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    if name.startswith("arg"):
        axes = axes and axes[0]
    want = getattr(_cpu, name)(x, axes)
    for other in layouts(x):
        assert getattr(_cpu, name)(other, axes).tobytes() == want.tobytes()
    if axes is not None and not isinstance(axes, int):
        moved = np.moveaxis(x, axes, range(-len(axes), 0))
        alone = getattr(_cpu, name)(np.ascontiguousarray(moved), tuple(range(-len(axes), 0)))
        assert alone.tobytes() == want.tobytes()


def test_stride_zero_is_the_expanded_copy():
    x = np.random.default_rng(2).normal(size=(5, 1, 40)).astype(np.float32)
    wide = np.broadcast_to(x, (5, 300, 40))
    for axes in (None, 0, 1, 2, (0, 1), (1, 2), (0, 2)):
        assert _cpu.sum(wide, axes).tobytes() == _cpu.sum(wide.copy(), axes).tobytes()


def test_row_alone_is_row_in_batch():
    x = np.random.default_rng(3).normal(size=(37, 1003)).astype(np.float32)
    together = _cpu.sum(x, 1)
    assert all(_cpu.sum(x[i]) == together[i] for i in range(len(x)))
    columns = _cpu.sum(np.asfortranarray(x.T), 0)
    assert columns.tobytes() == together.tobytes()


@pytest.mark.parametrize("shape", [(200_003,), (100_000, 3), (3, 100_000), (70_000, 40), (8, 3, 200, 200)])
def test_threads_leave_the_bits_alone(shape):
    x = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    before = _cpu.num_threads()
    hashes = set()
    try:
        for threads in (1, 2, 3, 7):
            _cpu.set_num_threads(threads)
            digest = hashlib.sha256()
            for axes in (None, *range(len(shape))):
                digest.update(_cpu.sum(x, axes).tobytes() + _cpu.argmax(x, axes).tobytes())
            hashes.add(digest.digest())
    finally:
        _cpu.set_num_threads(before)
    assert len(hashes) == 1
    near(_cpu.sum(x), np.sum(x, dtype=np.float64), x, None)


def reference_order(x):
    """The documented order (csrc/cpu/reduce/tree.h), one addition at a time."""

    def push(levels, count, value):
        while count & 1:
            value = levels.pop() + value
            count >>= 1
        levels.append(value)

    levels, count = [], 0
    for block in range(0, len(x), 128):
        for lane in (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15):
            leaf = x.dtype.type(-0.0)
            for value in x[block : block + 128][lane::16]:
                leaf = leaf + value
            push(levels, count, leaf)
            count += 1
    total = levels.pop()
    while levels:
        total = levels.pop() + total
    return total


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 100, 128, 129, 1000, 4097, 40_000])
def test_order_is_the_documented_one(n):
    x = np.random.default_rng(n).normal(size=n).astype(np.float32)
    want = reference_order(x)
    assert _cpu.sum(x) == want
    assert _cpu.sum(np.repeat(x[:, None], 5, axis=1), 0).tolist() == [want] * 5


@pytest.mark.parametrize("shape", [(1,), (9,), (300,), (40_000,), (100, 40), (40, 100), (3, 5, 7)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_argmax_is_numpys(shape, dtype):
    rng = np.random.default_rng(5)
    x = rng.integers(-4, 5, size=shape).astype(dtype)
    with_nan = np.where(rng.random(shape) < 0.02, dtype(np.nan), x)
    for values in (x, with_nan, np.full(shape, -np.inf, dtype), np.full(shape, np.nan, dtype)):
        for axis in (None, *range(len(shape)), -1):
            for keepdim in (False, True):
                for name in ("argmax", "argmin"):
                    got = getattr(_cpu, name)(values, axis, keepdim)
                    assert got.dtype == np.int64
                    np.testing.assert_array_equal(got, getattr(np, name)(values, axis, keepdims=keepdim))


@pytest.mark.parametrize("n", range(1, 68))
def test_nan_wins(n):
    for at in {0, n // 2, n - 1}:
        x = np.arange(n, dtype=np.float32)
        x[at] = np.nan
        for values, axis in ((x, None), (np.repeat(x[:, None], 9, axis=1), 0)):
            for name in ("amax", "amin", "sum", "mean", "prod"):
                assert np.isnan(getattr(_cpu, name)(values, axis)).all()


def test_signs_of_zero_and_infinities():
    assert np.signbit(_cpu.sum(np.array([-0.0])))
    assert np.isnan(_cpu.sum(np.array([np.inf, -np.inf])))
    assert _cpu.amax(np.full(20, -np.inf)) == -np.inf
    assert _cpu.amin(np.full(20, np.inf)) == np.inf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "amax", "amin"])
def test_subnormals_count_as_zero_however_many_there_are(name, dtype):
    reduce, tiny = getattr(_cpu, name), np.finfo(dtype).smallest_subnormal * 9
    rng = np.random.default_rng(5)
    for rows, n in [(1, 1), (2, 1), (40, 1), (1, 3), (5, 3), (3, 17), (1, 300), (20, 300)]:
        x = rng.choice(np.array([tiny, -tiny, 0.0, -0.0], dtype), (rows, n))
        expected = reduce(x, 1)
        np.testing.assert_array_equal(expected, np.zeros(rows))
        for other in layouts(x):
            assert reduce(other, 1).tobytes() == expected.tobytes()
        assert b"".join(reduce(x[i : i + 1], 1).tobytes() for i in range(rows)) == expected.tobytes()


def test_nothing_to_reduce():
    empty = np.zeros((3, 0), np.float32)
    assert _cpu.sum(empty, 1).tobytes() == np.zeros(3, np.float32).tobytes()
    assert _cpu.sum(empty) == 0
    assert np.isnan(_cpu.mean(empty, 1)).all()
    assert _cpu.prod(empty, 1).tolist() == [1, 1, 1]
    assert _cpu.amax(empty, 0).shape == (0,)
    for name in ("amax", "amin", "argmax", "argmin"):
        with pytest.raises(ValueError, match=rf"\[{name}\] expected at least one element .* got input of shape"):
            getattr(_cpu, name)(empty, 1)


def test_sum_to():
    x = np.random.default_rng(6).normal(size=(4, 3, 5)).astype(np.float32)
    for shape, axes in [((3, 5), 0), ((1, 5), (0, 1)), ((3, 1), (0, 2)), ((), None), ((4, 1, 1), (1, 2))]:
        got = _cpu.sum_to(x, shape)
        assert got.shape == shape
        assert got.tobytes() == _cpu.sum(x, axes).tobytes()
    assert _cpu.sum_to(x, (4, 3, 5)) is x
    for shape in [(2, 5), (4, 3, 5, 1), (5, 3)]:
        with pytest.raises(ValueError, match=r"\[sum_to\] expected shape that broadcasts to \(4, 3, 5\), got"):
            _cpu.sum_to(x, shape)


@pytest.mark.parametrize(
    ("axis", "error"),
    [(2, IndexError), (-3, IndexError), (2**70, IndexError), ((0, 0), ValueError), ((1, -1), ValueError),
     (1.0, TypeError), (True, TypeError), ("0", TypeError), ((0, None), TypeError)],
)  # fmt: skip
def test_bad_axis(axis, error):
    with pytest.raises(error, match=r"\[sum\] expected ax[ei]s"):
        _cpu.sum(np.zeros((2, 3)), axis)


def test_bad_dtype():
    for bad in (np.zeros(3, np.int64), np.zeros(3, bool), [1.0], np.zeros(3, np.complex64)):
        with pytest.raises(TypeError, match=r"\[amax\] expected input"):
            _cpu.amax(bad)


def test_tensors_take_the_first_of_equals_and_the_first_nan():
    x = pydl.tensor([[1.0, 3.0, 3.0], [4.0, math.nan, math.nan], [-1.0, -1.0, 0.0]])
    for argument, along, of_all in ((pydl.argmax, [1, 1, 2], 4), (pydl.argmin, [0, 1, 0], 4)):
        assert argument(x, 1).numpy().tolist() == along
        assert argument(x, -1, keepdim=True).shape == (3, 1)
        assert argument(x).item() == of_all
        assert argument(x.to("float64").T, 0).numpy().tolist() == along
        scalar = pydl.tensor(2.0)
        assert argument(scalar).item() == argument(scalar, 0).item() == 0
    assert pydl.argmax(pydl.tensor([2, 5, 5])).item() == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_mean_of_a_tensor_has_the_bits_of_the_sum_divided(dtype):
    x = pydl.tensor(np.random.default_rng(8).normal(size=(7, 30, 11)), dtype=dtype)
    for dims in (None, 0, 1, (0, 2), (1, 2)):
        total = x.sum(dims)
        divided = total / (x.numel() / total.numel())
        assert x.mean(dims).numpy().tobytes() == divided.numpy().tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("positions", [1, 5, 16, 17, 127, 128, 129, 300, 1024])
@pytest.mark.parametrize("channels", [2, 16, 19, 64, 300])
def test_images_average_alike_in_either_order_of_memory(channels, positions, dtype):
    x = np.random.default_rng(channels).standard_normal((3, channels, positions)).astype(dtype)
    last = np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1)
    for name in ("mean", "sum", "amax"):
        run = getattr(_cpu, name)
        np.testing.assert_array_equal(run(last, (2,), False), run(x, (2,), False))
        np.testing.assert_array_equal(run(last[1:2], (2,), False), run(x, (2,), False)[1:2])
    near(_cpu.mean(last, (2,), False) * positions, x.sum(2, dtype="f8"), x, (2,))


# Planes that are whole subtrees, planes that are not, channels for parts of a register, more than a chunk, several
# chunks at a time, and planes too long to be copied.
@pytest.mark.parametrize(
    "shape", [(3, 40, 16, 16), (2, 33, 8, 16), (2, 70, 32, 32), (9, 64, 7, 7), (3, 20, 56, 56), (2, 17, 100, 100)]
)
@pytest.mark.parametrize("name", REFERENCES)
def test_all_of_channels_last_images_combine_as_their_copies_do(name, shape):
    rng = np.random.default_rng(sum(shape))
    x = rng.standard_normal(shape).astype("f4")
    if name == "prod":
        x = 1 + x / 1000
    x[0, 0, 0, 0], x[0, 1, 0, 1] = -0.0, 0.0
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    for axes in (None, (1, 2, 3), (2, 3), (0, 2, 3), (1, 3)):
        got, want = (getattr(_cpu, name)(a, axes, False) for a in (last, x))
        np.testing.assert_array_equal(np.atleast_1d(got).view("i4"), np.atleast_1d(want).view("i4"))
    if name in ("amax", "amin"):
        x[1, 5, 3, 2] = last[1, 5, 3, 2] = np.nan
        assert np.isnan(getattr(_cpu, name)(last, None, False))
