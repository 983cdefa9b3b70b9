"""Pools: windows that tile the image and windows that do not, the same bits in every memory layout."""

import numpy as np
import pytest

from pydl.backend import kernels
from pydl.testing.cases.pool import windows

_cpu = kernels(np.empty(0))


def layouts(a):
    spread = np.zeros(tuple(2 * n for n in a.shape), a.dtype)
    spread[::2, ::2, ::2, ::2] = a
    return spread[::2, ::2, ::2, ::2], a, np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def random_case(rng, tiles):
    kernel, out = rng.integers(1, 6, 2), rng.integers(1, 20, 2)
    stride, padding = (kernel, np.zeros(2, int)) if tiles else (rng.integers(1, 4, 2), rng.integers(0, kernel // 2 + 1))
    size = np.maximum((out - 1) * stride + kernel - 2 * padding, 1 + (kernel - 1) * (not tiles))
    shape = (int(rng.integers(1, 4)), int(rng.choice([1, 3, 6, 8, 16, 19])), *size.tolist())
    x = rng.standard_normal(shape).astype(rng.choice(["f4", "f8"]))
    for value in (np.nan, -0.0, 0.0):
        x[rng.random(shape) < 0.05] = value
    return x, [kernel.tolist(), stride.tolist(), padding.tolist()]


def tile_values(x, kernel):
    """(N, C, OH, OW, taps) of windows that tile x."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // kernel[0], kernel[0], w // kernel[1], kernel[1])
    return blocks.transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // kernel[0], w // kernel[1], -1)


@pytest.mark.parametrize("seed", range(3))
def test_windows_that_tile_equal_numpy(seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        x, window = random_case(rng, tiles=True)
        values, area = tile_values(x, window[0]), window[0][0] * window[0][1]
        for image in layouts(x):
            y, index = _cpu.max_pool2d(image, *window, 1, False)
            np.testing.assert_array_equal(y, values.max(-1))
            wanted = values.argmax(-1)
            finite = ~np.isnan(y)
            np.testing.assert_array_equal(index[finite], wanted[finite])
            mean = _cpu.avg_pool2d(image, *window, False, True, None)
            np.testing.assert_allclose(mean, values.mean(-1, dtype="f8"), rtol=1e-5, atol=1e-6)
            back = _cpu.max_pool2d_scatter(y, index, *x.shape[2:], *window, 1, False)
            taken = np.arange(area) == index[..., None]
            np.testing.assert_array_equal(tile_values(back, window[0]), np.where(taken, y[..., None], 0))
            share = _cpu.avg_pool2d_scatter(y, *x.shape[2:], *window, False, True, None)
            wanted = np.broadcast_to((y / y.dtype.type(area))[..., None], values.shape)
            np.testing.assert_array_equal(tile_values(share, window[0]), wanted)


@pytest.mark.parametrize("width", [18, 26, 28, 30])
def test_rows_shorter_than_a_register_on_any_number_of_threads(threads, width):
    x = np.random.default_rng(8).standard_normal((64, 12, 28, width)).astype("f4")
    window = [[2, 2], [2, 2], [0, 0]]
    for count in (1, 2, 4, 7):
        threads(count)
        y, index = _cpu.max_pool2d(x, *window, 1, False)
        values = tile_values(x, [2, 2])
        np.testing.assert_array_equal(y, values.max(-1))
        np.testing.assert_array_equal(index, values.argmax(-1))
        back = _cpu.max_pool2d_scatter(y, index, *x.shape[2:], *window, 1, False)
        np.testing.assert_array_equal(
            tile_values(back, [2, 2]), np.where(np.arange(4) == index[..., None], y[..., None], 0)
        )


@pytest.mark.parametrize("tiles", [True, False])
def test_every_layout_gives_the_same_bits(tiles):
    rng = np.random.default_rng(7)
    for _ in range(40):
        x, window = random_case(rng, tiles)
        first = None
        for image in layouts(x):
            y, index = _cpu.max_pool2d(image, *window, 1, False)
            g = rng.standard_normal(y.shape).astype(y.dtype) if first is None else first[-1]
            got = [y, index, _cpu.avg_pool2d(image, *window, False, False, None)]
            for grad, taken in zip(layouts(g), layouts(index), strict=True):
                got.append(_cpu.max_pool2d_scatter(grad, taken, *x.shape[2:], *window, 1, False))
                got.append(_cpu.avg_pool2d_scatter(grad, *x.shape[2:], *window, False, False, None))
            first = first or [*got, g]
            for a, b in zip(got, first, strict=False):
                np.testing.assert_array_equal(a, b)
                np.testing.assert_array_equal(np.signbit(a) & ~np.isnan(a), np.signbit(b) & ~np.isnan(b))


def scattered(shape, sent, window):
    """Zeros with what every window of `sent` (N, C, OH, OW, taps) sends to its taps added, one by one."""
    (kh, kw), stride, padding = window
    image = np.zeros((*shape[:2], shape[2] + 3 * kh, shape[3] + 3 * kw))  # wide enough on all sides
    for i, j in np.ndindex(sent.shape[2:4]):
        top, left = i * stride[0] + kh - padding[0], j * stride[1] + kw - padding[1]
        for a, b in np.ndindex(kh, kw):
            image[..., top + a, left + b] += sent[..., i, j, a * kw + b]
    return image[..., kh : kh + shape[2], kw : kw + shape[3]]


@pytest.mark.parametrize("seed", range(3))
def test_windows_that_end_beyond_the_image_equal_a_reference(seed):
    rng = np.random.default_rng(seed)
    for _ in range(30):
        kernel, stride = rng.integers(1, 6, 2), rng.integers(1, 6, 2)
        padding = rng.integers(0, kernel // 2 + 1)
        size = np.maximum(kernel - 2 * padding - stride + 1, 1) + rng.integers(0, 3, 2)
        x = rng.permutation(int(4 * 19 * size.prod())).reshape(4, 19, *size).astype("f8")[:, : rng.choice([1, 3, 19])]
        window = [kernel.tolist(), stride.tolist(), padding.tolist()]
        named = dict(zip(("kernel_size", "stride", "padding"), map(tuple, window), strict=True), ceil_mode=True)
        for image in layouts(x):
            y, index = _cpu.max_pool2d(image, *window, 1, True)
            np.testing.assert_array_equal(y, windows(x, lambda v, n: v.max((-2, -1)), **named))
            back = _cpu.max_pool2d_scatter(y, index, *x.shape[2:], *window, 1, True)
            taken = y[..., None] * (index[..., None] == np.arange(kernel.prod()))
            np.testing.assert_array_equal(back, scattered(x.shape, taken, window))
            total = _cpu.avg_pool2d(image, *window, True, True, 1)
            np.testing.assert_array_equal(total, windows(x, lambda v, n: v.sum((-2, -1)), **named))
            mean = _cpu.avg_pool2d(image, *window, True, True, None)
            np.testing.assert_allclose(mean, windows(x, lambda v, n: v.sum((-2, -1)) / n, **named), rtol=1e-15)
            share = _cpu.avg_pool2d_scatter(y, *x.shape[2:], *window, True, True, 1)
            shares = np.broadcast_to(y[..., None], taken.shape)
            np.testing.assert_array_equal(share, scattered(x.shape, shares, window))
