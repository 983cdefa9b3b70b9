"""NaN, infinities and negative zero, as docs/reliability.md says; the same in a vector's body and in its tail."""

import math

import numpy as np
import pytest

import pydl
from pydl import ops

INF, NAN = math.inf, math.nan
INPUTS = (NAN, INF, -INF, -0.0)

TABLE = [
    (ops.relu, (NAN, INF, 0.0, -0.0)),
    (lambda x: ops.clamp(x, 0.0, 6.0), (NAN, 6.0, 0.0, -0.0)),
    (lambda x: ops.clamp(x, -1.0, 1.0), (NAN, 1.0, -1.0, -0.0)),
    (ops.leaky_relu, (NAN, INF, -INF, -0.0)),
    (ops.elu, (NAN, INF, -1.0, -0.0)),
    (ops.sigmoid, (NAN, 1.0, 0.0, 0.5)),
    (ops.tanh, (NAN, 1.0, -1.0, -0.0)),
    (ops.softplus, (NAN, INF, 0.0, math.log(2))),
    (ops.logsigmoid, (NAN, -0.0, -INF, -math.log(2))),
    (ops.silu, (NAN, INF, -0.0, -0.0)),
    (ops.gelu, (NAN, INF, -0.0, -0.0)),
    (ops.exp, (NAN, INF, 0.0, 1.0)),
    (ops.expm1, (NAN, INF, -1.0, -0.0)),
    (ops.log, (NAN, INF, NAN, -INF)),
    (ops.log1p, (NAN, INF, NAN, -0.0)),
    (ops.sqrt, (NAN, INF, NAN, -0.0)),
    (ops.abs, (NAN, INF, INF, 0.0)),
    (ops.neg, (NAN, -INF, INF, 0.0)),
    (ops.sign, (NAN, 1.0, -1.0, 0.0)),
    (ops.square, (NAN, INF, INF, 0.0)),
    (ops.reciprocal, (NAN, 0.0, -0.0, -INF)),
    (ops.sin, (NAN, NAN, NAN, -0.0)),
    (ops.erf, (NAN, 1.0, -1.0, -0.0)),
    (lambda x: ops.maximum(x, 0.5), (NAN, INF, 0.5, 0.5)),
    (lambda x: ops.minimum(0.5, x), (NAN, 0.5, -INF, -0.0)),
]


def same(got, expected):
    """Equal, NaN to NaN and zeros by sign."""
    if math.isnan(expected):
        return bool(np.isnan(got))
    return abs(got - expected) <= 1e-6 * abs(expected) if math.isfinite(expected) and expected else (
        got == expected and np.signbit(got) == np.signbit(expected))  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", range(len(TABLE)))
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_special_values_at_every_place_of_a_vector(row, dtype):
    function, expected = TABLE[row]
    for value, answer in zip(INPUTS, expected, strict=True):
        for length in [*range(1, 20), 31, 33, 67]:
            got = function(pydl.tensor(np.full(length, value), dtype=dtype)).numpy()
            assert all(same(g, answer) for g in got), (value, length, got, answer)


@pytest.mark.parametrize("function", [ops.relu, ops.exp, ops.tanh, ops.sigmoid, ops.log, ops.gelu, ops.sqrt])
def test_tail_and_body_give_the_same_bits(function):
    values = np.random.default_rng(0).uniform(0.01, 4, 67).astype("f4")
    whole = function(pydl.tensor(values)).numpy()
    for length in range(1, 67):
        np.testing.assert_array_equal(function(pydl.tensor(values[:length])).numpy(), whole[:length])


@pytest.mark.parametrize("value", [1e4, -1e4])
def test_large_arguments_are_stable_to_second_order(value):
    for function in (ops.softplus, ops.logsigmoid, ops.sigmoid, ops.tanh, ops.silu, ops.gelu):
        x = pydl.tensor([value], dtype="float64", requires_grad=True)
        (g,) = pydl.grad(function(x), x, pydl.ones(1, dtype="float64"), create_graph=True)
        (h,) = pydl.grad(g, x, pydl.ones(1, dtype="float64"), allow_unused=True)
        assert math.isfinite(g.item())
        assert h is None or h.item() == pytest.approx(0.0, abs=1e-12)


def test_extrema_do_not_drop_nan():
    x = np.ones(67, "f4")
    for place in range(67):
        y = x.copy()
        y[place] = NAN
        assert np.isnan(pydl.tensor(y).amax().item())
        assert np.isnan(pydl.tensor(y).amin().item())


def test_empty_reductions():
    empty = pydl.zeros(0)
    assert empty.sum().item() == 0
    assert math.isnan(empty.mean().item())
    with pytest.raises(ValueError, match=r"\[amax\] expected at least one element"):
        empty.amax()
