"""Softmax and cross-entropy on lines of every length: against NumPy, the same bits whatever lies beside a line."""

import numpy as np
import pytest

from pydl.backend import kernels

_cpu = kernels(np.empty(0))
LENGTHS = [1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 40, 100, 600]
FUNCTIONS = ("softmax", "log_softmax", "logsumexp")


def reference(name, x):
    e = np.exp(x - x.max(1, keepdims=True))
    total = e.sum(1, keepdims=True)
    return {
        "softmax": e / total,
        "log_softmax": x - x.max(1, keepdims=True) - np.log(total),
        "logsumexp": (np.log(total) + x.max(1, keepdims=True))[:, 0],
    }[name]


def gradients(x, g):
    p, y = _cpu.softmax(x, 1), _cpu.log_softmax(x, 1)
    return _cpu.softmax_grad(p, g, 1), _cpu.log_softmax_grad(y, g, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", LENGTHS)
def test_lines_equal_numpy_and_themselves_alone(length, dtype):
    rng = np.random.default_rng(length)
    x, g = (3 * rng.standard_normal((21, length))).astype(dtype), rng.standard_normal((21, length)).astype(dtype)
    tolerance = 24 * np.finfo(dtype).eps  # x - max is rounded, and at most 24
    for name in FUNCTIONS:
        y, wanted = getattr(_cpu, name)(x, 1), reference(name, x.astype(np.longdouble))
        np.testing.assert_allclose(y, wanted, rtol=tolerance, atol=8 * tolerance * (name != "softmax"))
        down = np.ascontiguousarray(x.T)
        np.testing.assert_array_equal(getattr(_cpu, name)(down, 0), y.T)
        np.testing.assert_array_equal(getattr(_cpu, name)(x[5:6], 1), y[5:6])
        np.testing.assert_array_equal(getattr(_cpu, name)(np.repeat(x, 2, 1)[:, ::2], 1), y)
    for whole, alone in zip(gradients(x, g), gradients(x[5:6], g[5:6]), strict=True):
        np.testing.assert_array_equal(whole[5:6], alone)
    p = reference("softmax", x.astype(np.longdouble))
    for got, wanted in zip(gradients(x, g), (p * (g - (p * g).sum(1, keepdims=True)), g - p * g.sum(1, keepdims=True)),
                           strict=True):  # fmt: skip
        np.testing.assert_allclose(got, wanted, rtol=0, atol=20 * length * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", LENGTHS[1:])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_line_with_nan_or_infinity_spoils_itself_alone(length, dtype):
    x = np.random.default_rng(length).standard_normal((9, length)).astype(dtype)
    plain = {name: getattr(_cpu, name)(x, 1) for name in FUNCTIONS}
    for place in {0, length // 2, length - 1}:
        spoiled = x.copy()
        spoiled[1, place], spoiled[3, place], spoiled[5] = np.nan, np.inf, -np.inf
        spoiled[7, place] = -np.inf
        for name in FUNCTIONS[:2]:
            y = getattr(_cpu, name)(spoiled, 1)
            assert np.isnan(y[[1, 3, 5]]).all()
            np.testing.assert_array_equal(y[::2], plain[name][::2])
            assert y[7, place] == (0 if name == "softmax" else -np.inf)
        assert np.isnan(_cpu.logsumexp(spoiled, 1)[1])
        assert _cpu.logsumexp(spoiled, 1)[[3, 5]].tolist() == [np.inf, -np.inf]
