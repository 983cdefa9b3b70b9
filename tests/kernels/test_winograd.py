"""Winograd's convolutions: against float64, which is always direct; bits; the switch."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest

import pydl
from pydl.backend import kernels
from pydl.testing import naive_conv

_cpu = kernels(np.empty(0))
conv = pydl.backends.cpu

LIMIT = 5e-5  # of the results' root mean square, as docs/reliability.md says


class Window(NamedTuple):
    """What Winograd's algorithm knows: taps, stride, dilation and results of a tile along an axis, and its products."""

    taps: int
    stride: int
    dilation: int
    results: int
    products: int
    fewest: tuple[int, int]  # channels that are summed (the image's in a weight gradient), and results

    @property
    def extent(self):
        return self.dilation * (self.taps - 1) + 1

    @property
    def padding(self):
        """With which as many windows fit as the stride allows for."""
        return self.dilation * ((self.taps - 1) // 2)

    @property
    def options(self):
        return {"stride": self.stride, "dilation": self.dilation}

    def __str__(self):
        return f"{self.taps}x{self.taps}/{self.stride}, dilation {self.dilation}"


WINDOWS = [
    Window(3, 1, 1, 4, 36, (16, 16)),
    Window(3, 2, 1, 4, 81, (16, 16)),
    Window(3, 1, 2, 4, 36, (16, 16)),
    Window(3, 1, 3, 4, 36, (16, 16)),
    Window(4, 2, 1, 4, 100, (8, 3)),
    Window(5, 1, 1, 2, 36, (16, 16)),
    Window(5, 1, 2, 2, 36, (16, 16)),
]
KERNELS = pytest.mark.parametrize("window", WINDOWS, ids=str)


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype("f4")


def passes(window, x, w, g, padding, bias=None, groups=1):
    """Convolution of x, transposed convolution of g (of x's gradient, where the padding is even), weight gradient."""
    even = padding if isinstance(padding, int) else 0
    options = {"groups": groups, **window.options}
    yield _cpu.conv2d(x, w, bias, padding=padding, **options)
    yield _cpu.conv_transpose2d(g, w, None, padding=even, **options)
    yield _cpu.conv2d_weight_grad(x, g, window.taps, padding=padding, **options)


def error(got, exact):
    assert got.dtype == np.float32
    assert got.shape == exact.shape
    return np.abs(got - exact).max() / (np.sqrt(np.mean(exact**2)) or 1)


def out_shape(window, x, w, padding):
    ends = padding if isinstance(padding, tuple) else ((padding,) * 2,) * 2
    size = ((n + sum(p) - window.extent) // window.stride + 1 for n, p in zip(x.shape[2:], ends, strict=True))
    return x.shape[0], w.shape[0], *size


def is_taken(window, size):
    """Whether a result of this size is made by Winograd's algorithm where the channels are many."""
    d = window.dilation
    rows, columns = (sum(math.ceil(len(range(p, n, d)) / window.results) for p in range(d)) for n in size)
    return window.products * rows * columns < 0.65 * window.taps**2 * np.prod(size)


def operands(seed, window, n, c, o, *size):
    """An image, weights and the gradient of their convolution, padded."""
    x, w = normal(seed, n, c, *size), normal(seed + 1, o, c, window.taps, window.taps)
    return x, w, normal(seed + 2, *out_shape(window, x, w, window.padding))


def double(*arrays):
    return [None if a is None else a.astype("f8") for a in arrays]


SIZES = [
    (1, 9),
    (2, 2),
    (3, 3),
    (3, 8),
    (4, 4),
    (5, 5),
    (6, 7),
    (9, 8),
    (13, 1),
    (13, 13),
    (15, 18),
    (32, 32),
    (33, 50),
]


@KERNELS
@pytest.mark.parametrize("padding", [0, 1, 2, 3, 5, ((0, 2), (3, 1))], ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_size_and_padding_equals_float64(window, size, padding):
    for n, c, o in ((1, 16, 17), (3, 21, 16), (2, 40, 35), (2, 9, 3)):
        x, w, b = normal(1, n, c, *size), normal(2, o, c, window.taps, window.taps), normal(3, o)
        if min(out_shape(window, x, w, padding)[2:]) < 1:
            continue
        g = normal(4, *out_shape(window, x, w, padding))
        seen = min(window.stride * (m - 1) + window.extent for m in g.shape[2:])
        if isinstance(padding, int) and seen <= 2 * padding:
            continue
        exact = passes(window, *double(x, w, g), padding, *double(b))
        for got, expected in zip(passes(window, x, w, g, padding, b), exact, strict=True):
            assert error(got, expected) < LIMIT


@pytest.mark.parametrize("padding", range(4))
@pytest.mark.parametrize("added", [(0, 1), (1, 0), (1, 1)], ids=str)
@pytest.mark.parametrize("taps", [3, 4])
def test_rows_and_columns_that_output_padding_adds(taps, padding, added):
    for n, c, o, size in ((2, 19, 16, (4, 5)), (1, 32, 70, (8, 7)), (1, 128, 96, (4, 8)), (2, 8, 3, (8, 8))):
        g, w, b = normal(40, n, c, *size), normal(41, c, o, taps, taps), normal(42, o)
        got, exact = (_cpu.conv_transpose2d(*a, 2, padding, added) for a in ((g, w, b), double(g, w, b)))
        assert got.shape[2:] == tuple(2 * m + taps - 2 - 2 * padding + a for m, a in zip(size, added, strict=True))
        assert error(got, exact) < LIMIT


@KERNELS
def test_the_naive_loops_give_the_same(window):
    x, w, g = operands(43, window, 2, 17, 18, 15, 16)
    options = {"padding": window.padding, **window.options}
    naive = (
        naive_conv.conv2d(*double(x, w), **options),
        naive_conv.conv_transpose2d(*double(g, w), **options),
        naive_conv.conv2d_weight_grad(*double(x, g), (window.taps, window.taps), **options),
    )
    for got, exact in zip(passes(window, x, w, g, window.padding), naive, strict=True):
        assert error(got, exact) < LIMIT


@KERNELS
@pytest.mark.parametrize("channels", [16, 24, 31, 64, 128, 129, 200, 300, 512])
def test_the_error_stays_below_the_limit_at_every_number_of_channels(window, channels):
    """Chains of channels; few and many weights; all tiles at once, or in parts."""
    for c, o, n, size in ((channels, 32, 2, 12), (32, channels, 40, 8), (channels, min(channels, 256), 4, 4)):
        if window.dilation > 1:
            n, size = min(n, 4), 16 * window.dilation
        x, w, g = operands(5, window, n, c, o, *(window.stride * size,) * 2)
        for got, exact in zip(
            passes(window, x, w, g, window.padding), passes(window, *double(x, w, g), window.padding), strict=True
        ):
            assert error(got, exact) < LIMIT


def one_of_each(window, x, w, maps, back, g):
    """A convolution, a transposed one and a weight gradient that sum over as many channels."""
    options = {"padding": window.padding, **window.options}
    return (
        _cpu.conv2d(x, w, **options),
        _cpu.conv_transpose2d(maps, back, **options),
        _cpu.conv2d_weight_grad(x, g, w.shape[2], **options),
    )


@KERNELS
def test_few_channels_and_unfit_sizes_are_direct(window):
    fewest = window.fewest
    for c, o, size in itertools.product((fewest[0] - 1, fewest[0]), (fewest[1] - 1, fewest[1]), SIZES):
        x, w = normal(8, 1, c, *(window.stride * n for n in size)), normal(9, o, c, window.taps, window.taps)
        g = normal(10, *out_shape(window, x, w, window.padding))
        assert g.shape[2:] == size
        maps, back = normal(11, 1, c, *size), w.reshape(c, o, window.taps, window.taps)
        results = one_of_each(window, x, w, maps, back, g)
        with conv.flags(conv="direct"):
            direct = one_of_each(window, x, w, maps, back, g)
        same = [np.array_equal(*pair) for pair in zip(direct, results, strict=True)]
        few = (c, o) != fewest
        assert same == [few or not is_taken(window, size)] * 3, (c, o, size)


OTHERS = [
    ((3, 3), {"stride": (2, 1)}),
    ((3, 3), {"stride": 2, "dilation": 2}),
    ((3, 3), {"groups": 4}),
    ((3, 3), {"stride": 2, "groups": 4}),
    ((3, 3), {"stride": 3}),
    ((4, 4), {}),
    ((4, 4), {"stride": (2, 1)}),
    ((4, 4), {"stride": 2, "dilation": 2}),
    ((4, 4), {"stride": 2, "groups": 8}),
    ((4, 3), {"stride": (2, 1)}),
    ((5, 5), {"stride": 2}),
    ((5, 5), {"groups": 4}),
    ((5, 3), {}),
]


@pytest.mark.parametrize("dilation", [(1, 3), (4, 1), (2, 5), (4, 4)])
@pytest.mark.parametrize("size", [(33, 33), (21, 40)])
def test_phases_of_a_dilation_may_differ_by_axis_and_in_length(dilation, size):
    x, w = normal(60, 2, 16, *size), normal(61, 16, 16, 3, 3)
    g = normal(62, 2, 16, *size)
    options = {"padding": dilation, "dilation": dilation}
    for got, exact, direct in zip(*(results_of(x, w, g, options, how) for how in ("f4", "f8", "direct")), strict=True):
        assert error(got, exact) < LIMIT
        assert not np.array_equal(got, direct)


def results_of(x, w, g, options, how):
    """A convolution, a transposed one and a weight gradient in one of two dtypes, or in float32 by their definition."""
    x, w, g = (a.astype("f8") if how == "f8" else a for a in (x, w, g))
    with conv.flags(conv="direct" if how == "direct" else "auto"):
        return (
            _cpu.conv2d(x, w, **options),
            _cpu.conv_transpose2d(g, w, **options),
            _cpu.conv2d_weight_grad(x, g, 3, **options),
        )


@KERNELS
def test_groups_have_the_bits_of_convolutions_of_their_own(window):
    x, w, b = normal(50, 2, 3 * 16, 16, 16), normal(51, 3 * 17, 16, window.taps, window.taps), normal(52, 3 * 17)
    g = normal(53, *out_shape(window, x, w, window.padding))
    whole = zip(
        passes(window, x, w, g, window.padding, b, groups=3),
        passes(window, *double(x, w, g), window.padding, *double(b), groups=3),
        strict=True,
    )
    parts = [np.split(a, 3, axis) for a, axis in ((x, 1), (w, 0), (g, 1), (b, 0))]
    alone = zip(*(passes(window, x, w, g, window.padding, b) for x, w, g, b in zip(*parts, strict=True)), strict=True)
    for (got, exact), each, axis in zip(whole, alone, (1, 1, 0), strict=True):
        np.testing.assert_array_equal(got, np.concatenate(each, axis))
        assert error(got, exact) < LIMIT


@pytest.mark.parametrize(("kernel", "options"), OTHERS, ids=str)
def test_other_geometries_are_direct(kernel, options):
    x, w = normal(10, 1, 32, 18, 18), normal(11, 32, 32 // options.get("groups", 1), *kernel)
    y = _cpu.conv2d(x, w, **options)
    with conv.flags(conv="direct"):
        np.testing.assert_array_equal(_cpu.conv2d(x, w, **options), y)


# Filters panel by panel, tiles block by block; weights in one part, in several, and too many for parts.
BIT_SHAPES = [(3, 16, 20, 9), (3, 16, 18, 48), (5, 36, 48, 20), (3, 160, 200, 8), (70, 128, 256, 8), (40, 64, 40, 16)]


@KERNELS
@pytest.mark.parametrize(("n", "c", "o", "size"), BIT_SHAPES)
def test_bits_depend_on_neither_threads_nor_the_other_images(threads, window, n, c, o, size):
    x, w, g = operands(12, window, n, c, o, *(window.stride * size,) * 2)
    threads(1)
    alone = list(passes(window, x, w, g, window.padding))
    for count in (2, 4):
        threads(count)
        for got, expected in zip(passes(window, x, w, g, window.padding), alone, strict=True):
            np.testing.assert_array_equal(got, expected)
    y, dx, dw = passes(window, x[2:3], w, g[2:3], window.padding)
    np.testing.assert_array_equal(y, alone[0][2:3])
    np.testing.assert_array_equal(dx, alone[1][2:3])
    assert error(dw, list(passes(window, *double(x[2:3], w, g[2:3]), window.padding))[2]) < LIMIT


def layouts(x):
    yield np.asfortranarray(x)
    wide = np.zeros([2 * n for n in x.shape], x.dtype)[tuple(slice(None, None, 2) for _ in x.shape)]
    wide[...] = x
    yield wide
    back = (slice(None, None, -1),) * x.ndim
    yield x[back].copy()[back]
    yield np.ascontiguousarray(np.moveaxis(x, 1, -1)).transpose(0, 3, 1, 2)


@KERNELS
@pytest.mark.parametrize(("c", "o"), [(16, 24), (35, 19), (9, 3)])
def test_other_layouts_give_the_bits_of_the_contiguous_copy(window, c, o):
    x, w, g = operands(15, window, 2, c, o, *(window.stride * 8 + 1, window.stride * 8 + 2))
    expected = list(passes(window, x, w, g, window.padding))
    for a, b, d in zip(layouts(x), layouts(w), layouts(g), strict=True):
        for got, bits in zip(passes(window, a, b, d, window.padding), expected, strict=True):
            np.testing.assert_array_equal(got, bits)


@KERNELS
def test_an_expanded_gradient_gives_the_bits_of_its_copy(window):
    x, w, g = operands(18, window, 2, 16, 16, 8, 8)
    g = np.broadcast_to(np.float32(0.3), g.shape)
    for got, bits in zip(
        passes(window, x, w, g, window.padding), passes(window, x, w, g.copy(), window.padding), strict=True
    ):
        np.testing.assert_array_equal(got, bits)


@KERNELS
def test_no_images(window):
    size = 4 * window.stride - 2 * window.padding + window.extent  # of which a transposed one makes no less
    x, w, g = operands(20, window, 0, 16, 16, size, size)
    y, dx, dw = passes(window, x, w, g, window.padding)
    assert y.shape == g.shape
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dw, np.zeros((16, 16, window.taps, window.taps)))


def test_what_is_not_finite_stays_in_the_tiles_that_see_it():
    x, w = normal(22, 2, 16, 16, 16), normal(23, 16, 16, 3, 3)
    y = _cpu.conv2d(x, w, padding=1)
    x[0, 3, 6, 6] = np.nan  # seen by the tile of rows and columns 4 … 7 alone: it reads 3 … 8
    spoilt = _cpu.conv2d(x, w, padding=1)
    assert np.isnan(spoilt[0, :, 5:8, 5:8]).all()
    near = np.zeros(y.shape, bool)
    near[0, :, 4:8, 4:8] = True
    np.testing.assert_array_equal(spoilt[~near], y[~near])
    with conv.flags(conv="direct"):
        assert np.isnan(_cpu.conv2d(x, w, padding=1)).sum() == 16 * 9


def test_what_is_not_finite_stays_in_the_tiles_of_a_phase_that_see_it():
    """Odd rows and columns of the input's gradient are made by other taps than even ones, in tiles of their own."""
    g, w = normal(26, 2, 16, 8, 8), normal(27, 16, 16, 4, 4)
    dx = _cpu.conv_transpose2d(g, w, None, 2, 1)
    g[0, 3, 6, 6] = np.nan  # read for rows and columns 11 … 14
    spoilt = _cpu.conv_transpose2d(g, w, None, 2, 1)
    assert np.isnan(spoilt[0, :, 11:15, 11:15]).all()
    near = np.zeros(dx.shape, bool)
    near[0, :, 8:, 8:] = True
    np.testing.assert_array_equal(spoilt[~near], dx[~near])


@KERNELS
def test_the_switch_gives_the_direct_sum(window):
    x, w, g = operands(24, window, 2, 32, 32, 16, 16)
    bounds, exact = (list(passes(window, *double(f(x), f(w), f(g)), window.padding)) for f in (np.abs, np.positive))
    with conv.flags(conv="direct"):
        for got, value, bound in zip(passes(window, x, w, g, window.padding), exact, bounds, strict=True):
            assert (np.abs(got - value) <= 8 * 2.0**-24 * bound).all()


def test_the_setting_before_is_restored_after_an_error():
    with pytest.raises(KeyError), conv.flags(conv="direct"):
        raise KeyError(conv.conv)
    assert conv.conv == "auto"


@pytest.mark.parametrize("value", ["winograd", "", None, 1])
def test_a_bad_setting_names_the_choices(value):
    with pytest.raises(ValueError, match=r'^\[backends.cpu.conv\] expected "auto" or "direct", got '):
        conv.conv = value
    with pytest.raises(AttributeError, match=r'^\[backends.cpu\] expected the setting "conv", got \'cov\'$'):
        conv.cov = "direct"
    assert conv.conv == "auto"


@pytest.mark.parametrize("c", [15, 16])
def test_results_of_many_channels_are_channels_last(c):
    x, w = np.zeros((2, 3, 8, 8), "f4"), np.zeros((c, 3, 3, 3), "f4")
    y = pydl.nn.functional.conv2d(pydl.tensor(x), pydl.tensor(w)).numpy()
    assert (y.transpose(0, 2, 3, 1) if c == 16 else y).flags.c_contiguous
    back = pydl.nn.functional.conv_transpose2d(pydl.tensor(x), pydl.tensor(w.transpose(1, 0, 2, 3))).numpy()
    assert (back.transpose(0, 2, 3, 1) if c == 16 else back).flags.c_contiguous
    assert _cpu.conv2d_weight_grad(x, y, 3).flags.c_contiguous
