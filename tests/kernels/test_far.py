"""Results of 16 MiB or more, which are written past the caches, have the bits of their parts."""

import numpy as np
import pytest

import pydl
import pydl.nn.functional as F
from pydl.backend import kernels

_cpu = kernels(np.empty(0))
ROWS = 4100


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape, dtype="f4")


CALLS = {
    "relu": lambda x: _cpu.relu(x),
    "add": lambda x: _cpu.add(x, x[:, ::-1]),
    "softmax": lambda x: _cpu.softmax(x, 1),
    "log_softmax": lambda x: _cpu.log_softmax(x, 1),
    "softmax_grad": lambda x: _cpu.softmax_grad(x, x[:, ::-1].copy(), 1),
    "log_softmax_grad": lambda x: _cpu.log_softmax_grad(x, x[:, ::-1].copy(), 1),
}


@pytest.mark.parametrize("width", [1040, 1037])
@pytest.mark.parametrize("name", CALLS)
def test_rows(threads, name, width):
    x, call = normal(ROWS, width), CALLS[name]
    expected = np.concatenate([call(x[: ROWS // 2]), call(x[ROWS // 2 :])])
    for count in (1, 2, 3):
        threads(count)
        np.testing.assert_array_equal(call(x), expected)


@pytest.mark.parametrize("width", [1040, 1037])
def test_products(threads, width):
    a, b = normal(ROWS, 40), normal(40, width)
    expected = np.concatenate([_cpu.matmul(a[: ROWS // 2], b), _cpu.matmul(a[ROWS // 2 :], b)])
    for count in (1, 2, 3):
        threads(count)
        np.testing.assert_array_equal(_cpu.matmul(a, b), expected)


@pytest.mark.parametrize("channels", [16, 20])
@pytest.mark.parametrize("last", [False, True])
def test_images(threads, channels, last):
    x = normal(70, channels, 64, 64)
    if last:
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    mean, var = (pydl.from_numpy(abs(normal(channels)) + i) for i in range(2))
    weight = pydl.from_numpy(normal(channels, 1, 1, 1) if channels == 20 else normal(channels, channels, 1, 1))

    def run(part):
        y = F.batch_norm(pydl.from_numpy(part), mean, var)
        return y.numpy(), F.conv2d(y, weight, groups=channels if channels == 20 else 1).numpy()

    for count in (1, 2, 3):
        threads(count)
        for whole, *halves in zip(run(x), run(x[:35]), run(x[35:]), strict=True):
            np.testing.assert_array_equal(whole, np.concatenate(halves))


def test_pools(threads):
    x = normal(34, 180, 180, 16)
    x[::5, ::7, ::11, ::3] = np.nan
    x = x.transpose(0, 3, 1, 2)

    def run(part):
        return *_cpu.max_pool2d(part, [2, 2], [2, 2], [0, 0], 1, False), F.avg_pool2d(pydl.from_numpy(part), 2).numpy()

    threads(1)
    parts = run(x[:17]), run(x[17:])
    for count in (1, 2, 3):
        threads(count)
        for whole, *halves in zip(run(x), *parts, strict=True):
            np.testing.assert_array_equal(whole, np.concatenate(halves))
