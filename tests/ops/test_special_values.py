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


@pytest.mark.parametrize("name", ["clamp", "relu6", "hardtanh", "hardsigmoid", "l1_loss"])
def test_the_gradient_at_nan_is_zero(name):
    x = pydl.tensor([NAN, 0.5], requires_grad=True)
    calls = {"clamp": lambda: ops.clamp(x, -1.0, 1.0), "l1_loss": lambda: ops.l1_loss(x, pydl.zeros(2))}
    calls.get(name, lambda: getattr(ops, name)(x))().sum().backward()
    assert x.grad[0] == 0
    assert x.grad[1] != 0


@pytest.mark.parametrize("name", ["elu", "selu", "celu", "hardswish", "softsign", "mish"])
def test_the_gradient_at_nan_is_nan(name):
    x = pydl.tensor([NAN, 0.5], requires_grad=True)
    getattr(ops, name)(x).sum().backward()
    assert x.grad.isnan().tolist() == [True, False]


@pytest.mark.parametrize(
    ("function", "kink"),
    [(ops.elu, 0.0), (ops.selu, -0.0), (ops.celu, 0.0), (lambda x: ops.softplus(x, 2.0, 3.0), 1.5)],
    ids=["elu", "selu", "celu", "softplus"],
)
def test_the_second_derivative_at_a_kink_is_zero(function, kink):
    x = pydl.tensor([kink, kink - 1e-9, kink + 1.0, NAN], dtype="float64", requires_grad=True)
    ones = pydl.ones(4, dtype="float64")
    (slope,) = pydl.grad(function(x), x, ones, create_graph=True)
    (curvature,) = pydl.grad(slope, x, ones)
    assert curvature.tolist()[0] == curvature.tolist()[2] == 0
    assert curvature.tolist()[1] > 0.05


@pytest.mark.parametrize("loss", [ops.smooth_l1_loss, ops.huber_loss])
def test_robust_losses_of_infinite_differences(loss):
    x = pydl.tensor([INF, -INF, INF, 0.5], requires_grad=True)
    loss(x, pydl.tensor([0.0, 0.0, INF, 0.0]), reduction="sum").backward()
    assert x.grad.tolist()[:2] == [1, -1]
    assert x.grad.isnan().tolist() == [False, False, True, False]


def test_the_second_order_of_cross_entropy_without_targets():
    x = pydl.ones(2, 3, requires_grad=True)
    loss = ops.cross_entropy(x, pydl.tensor([-100, -100]))
    (g,) = pydl.autograd.grad(loss, x, create_graph=True)
    assert pydl.autograd.grad((g * g).sum(), x)[0].tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(("dtype", "exponents"), [("float32", range(-149, 128)), ("float64", range(-1074, 1024))])
def test_log2_of_powers_of_two_is_exact(dtype, exponents):
    x = np.ldexp(np.ones(len(exponents), dtype), np.array(exponents))
    assert np.array_equal(ops.log2(pydl.from_numpy(x)).numpy(), np.array(exponents, dtype))
    near = np.linspace(0.9, 1.1, 101, dtype=dtype)
    np.testing.assert_allclose(ops.log2(pydl.from_numpy(near)).numpy(), np.log2(near), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [(ops.log, np.log), (ops.log1p, np.log1p)])
def test_logarithms_up_to_the_largest_number(function, dtype):
    ours, reference = function
    values = np.finfo(dtype).max * np.array([0.3, 0.49, 0.5, 0.6, 0.74, 0.76, 1.0]).astype(dtype)
    np.testing.assert_allclose(ours(pydl.tensor(values)).numpy(), reference(values), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sin", "cos", "log", "log1p", "exp", "expm1", "tanh"])
def test_a_nan_of_any_payload_stays_nan(name, dtype):
    bits = np.dtype(dtype.replace("float", "int"))
    payloads = np.array([np.iinfo(bits).max, -1], bits).repeat(9).view(dtype)
    assert getattr(pydl.from_numpy(payloads), name)().isnan().all()


@pytest.mark.parametrize(
    ("beta", "difference", "value", "slope"),
    [
        (1e-38, 1.0, 1.0, 1.0), (1e-50, 2.0, 2.0, 1.0), (1e-50, 0.0, 0.0, 0.0), (1e-30, 1e-10, 1e-10, 1.0),
        (1e-20, 3e-19, 2.95e-19, 1.0), (1e-19, 5e-20, 1.25e-20, 0.5), (1e38, 1e10, 5e-19, 1e-28),
    ],
)  # fmt: skip
def test_smooth_l1_of_the_smallest_and_largest_beta(beta, difference, value, slope):
    x = pydl.tensor([difference], requires_grad=True)
    loss = ops.smooth_l1_loss(x, pydl.zeros(1), beta=beta)
    loss.backward()
    np.testing.assert_allclose([loss.item(), x.grad.item()], [value, slope], rtol=1e-5)


def test_the_second_order_of_prelu_at_infinity():
    x, weight = pydl.tensor([INF, 1.0, -2.0], requires_grad=True), pydl.tensor([0.25], requires_grad=True)
    v = pydl.ones(3, requires_grad=True)
    by_x, by_weight = pydl.grad((ops.prelu(x, weight) * v).sum(), [x, weight], create_graph=True)
    (by_v,) = pydl.grad(by_x.sum() + by_weight.sum(), v)
    assert by_v.tolist() == [1.0, 1.0, -1.75]


@pytest.mark.parametrize("call", [lambda x: pydl.where(x > 0, x, 10**400), lambda x: x * 10**400])
def test_an_integer_beyond_floats_is_refused(call):
    with pytest.raises(ValueError, match=r"\[(where|mul)\] expected a number that a float holds"):
        call(pydl.ones(2))
