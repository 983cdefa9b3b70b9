"""Group and layer normalisation kernels: float64 against the definition, the same bits for every layout and row."""

import numpy as np
import pytest

from pydl.backend import kernels

_cpu = kernels(np.empty(0))
EPS = 1e-5

# (N, C, L) and groups: single places, lines of every tail, channels for parts of a register, samples beyond a cache
GROUPED = [
    ((3, 6, 1), 2), ((2, 5, 7), 5), ((4, 16, 49), 4), ((2, 64, 33), 8), ((3, 40, 600), 8), ((2, 24, 15), 3),
    ((1, 8, 1100), 1), ((2, 128, 1300), 32),
]  # fmt: skip
ROWS = [(1, 2), (3, 16), (5, 17), (9, 31), (70, 100), (6, 513), (4, 1500), (1000, 8)]


def close(got, expected, dtype):
    np.testing.assert_allclose(got, expected, atol=np.abs(expected).max() * (2e-6 if dtype == "float32" else 1e-13))


def standardised(x, g, w):
    """x and the gradient of x along the last axis, where that of the result is g · w."""
    centred = x - x.mean(-1, keepdims=True)
    rate = 1 / np.sqrt((centred**2).mean(-1, keepdims=True) + EPS)
    normal, by = centred * rate, g * w
    return normal, (by - by.mean(-1, keepdims=True) - normal * (by * normal).mean(-1, keepdims=True)) * rate


def operands(shape, dtype):
    rng = np.random.default_rng(sum(shape))
    x, g = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    return x + np.asarray(3, dtype), g, *(rng.standard_normal(shape[1]).astype(dtype) for _ in range(2))


def channels_last(x):
    return np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shape", "groups"), GROUPED)
def test_group_norm_is_its_definition(shape, groups, dtype):
    x, g, w, b = operands(shape, dtype)
    y, mean, var = _cpu.group_norm(x, groups, w, b, EPS)
    dx, dw, db = _cpu.group_norm_grad(x, g, groups, mean, var, w, EPS)
    rows = (shape[0], groups, -1)
    wide, by, column = x.astype("f8"), g.astype("f8"), w.astype("f8")[:, None]
    weights = np.broadcast_to(column, shape)
    normal, expected = standardised(wide.reshape(rows), by.reshape(rows), weights.reshape(rows))
    normal = normal.reshape(shape)
    close(mean, wide.reshape(rows).mean(-1), dtype)
    close(var, wide.reshape(rows).var(-1), dtype)
    close(y, normal * column + b[:, None], dtype)
    close(dx, expected.reshape(shape), dtype)
    close(dw, (by * normal).sum((0, 2)), dtype)
    close(db, by.sum((0, 2)), dtype)
    plain = _cpu.group_norm(x, groups, None, None, EPS)[0]
    close(plain, normal, dtype)


@pytest.mark.parametrize(("shape", "groups"), GROUPED)
def test_group_norm_has_the_same_bits_in_every_layout_and_alone(shape, groups):
    x, g, w, b = operands(shape, "float32")
    whole = _cpu.group_norm(x, groups, w, b, EPS)
    grads = _cpu.group_norm_grad(x, g, groups, *whole[1:], w, EPS)
    for as_it_lies in (channels_last, np.asfortranarray, lambda a: a[:, :, ::-1].copy()[:, :, ::-1]):
        other = _cpu.group_norm(as_it_lies(x), groups, w, b, EPS)
        for a, e in zip(other, whole, strict=True):
            np.testing.assert_array_equal(a, e)
        for a, e in zip(
            _cpu.group_norm_grad(as_it_lies(x), channels_last(g), groups, *whole[1:], w, EPS), grads, strict=True
        ):
            np.testing.assert_array_equal(a, e)
    assert _cpu.group_norm(channels_last(x), groups, w, b, EPS)[0].strides == channels_last(x).strides
    one = _cpu.group_norm(x[-1:], groups, w, b, EPS)
    np.testing.assert_array_equal(one[0][0], whole[0][-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", ROWS)
def test_layer_norm_is_its_definition(shape, dtype):
    x, g, w, b = operands(shape, dtype)
    y, mean, var = _cpu.layer_norm(x, shape[1], w, b, EPS)
    dx, dw, db = _cpu.layer_norm_grad(x, g, shape[1], mean, var, w, EPS, True)
    wide, by = x.astype("f8"), g.astype("f8")
    normal, expected = standardised(wide, by, w.astype("f8"))
    close(mean, wide.mean(1), dtype)
    close(var, wide.var(1), dtype)
    close(y, normal * w + b, dtype)
    # Of two numbers the gradient is what 1 / (1 + eps) leaves of the operands.
    np.testing.assert_allclose(
        dx, expected, atol=np.abs(by * w).max() * 20 * np.finfo(dtype).eps / np.sqrt(wide.var(1).min())
    )
    close(dw, (by * normal).sum(0), dtype)
    close(db, by.sum(0), dtype)
    alone = _cpu.layer_norm_grad(x, g, shape[1], mean, var, None, EPS, False)
    assert alone[1] is None
    close(_cpu.layer_norm(x, shape[1], None, None, EPS)[0], normal, dtype)


@pytest.mark.parametrize("shape", ROWS)
def test_a_row_is_normalised_as_it_would_be_alone(shape):
    x, g, w, b = operands(shape, "float32")
    y, mean, var = _cpu.layer_norm(x, shape[1], w, b, EPS)
    dx = _cpu.layer_norm_grad(x, g, shape[1], mean, var, w, EPS, True)[0]
    for i in {0, shape[0] // 2, shape[0] - 1}:
        one = _cpu.layer_norm(x[i : i + 1], shape[1], w, b, EPS)
        np.testing.assert_array_equal(one[0][0], y[i])
        grad = _cpu.layer_norm_grad(x[i : i + 1], g[i : i + 1], shape[1], *one[1:], w, EPS, True)[0]
        np.testing.assert_array_equal(grad[0], dx[i])


def test_the_bits_do_not_depend_on_the_threads(threads):
    x, g, w, b = operands((5, 32, 700), "float32")
    rows = x.reshape(-1, 700)
    found = []
    for count in (1, 2, 3):
        threads(count)
        y, mean, var = _cpu.group_norm(x, 4, w, b, EPS)
        z, m, v = _cpu.layer_norm(rows, 700, None, None, EPS)
        grads = _cpu.group_norm_grad(x, g, 4, mean, var, w, EPS)
        of_rows = _cpu.layer_norm_grad(rows, g.reshape(-1, 700), 700, m, v, None, EPS, True)
        found.append([y, mean, var, *grads, z, m, v, *of_rows])
    for other in found[1:]:
        for a, e in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, s: _cpu.group_norm(x, 4, None, None, EPS), "groups"),
        (lambda x, s: _cpu.group_norm(x, 0, None, None, EPS), "groups"),
        (lambda x, s: _cpu.group_norm(x, 3, np.ones(5, "f4"), None, EPS), "weight"),
        (lambda x, s: _cpu.group_norm_grad(x, x[:1], 3, s, s, None, EPS), "grad"),
        (lambda x, s: _cpu.group_norm_grad(x, x, 3, s[:1], s, None, EPS), "mean"),
        (lambda x, s: _cpu.layer_norm(x, 11, None, None, EPS), "rows"),
        (lambda x, s: _cpu.layer_norm(x, 5, np.ones(4, "f4"), None, EPS), "weight"),
        (lambda x, s: _cpu.layer_norm(x, 5, None, None, -1.0), "eps"),
        (lambda x, s: _cpu.layer_norm_grad(x, x, 5, s, s, None, EPS, True), "mean"),
    ],
)
def test_operands_that_do_not_fit_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((2, 6, 5), "f4"), np.ones((2, 3), "f4"))
