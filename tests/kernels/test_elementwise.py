"""Elementwise kernels: errors in units in the last place against wider arithmetic, special values, layouts."""

import itertools
import math

import numpy as np
import pytest

from pydl.backend import kernels

_cpu = kernels(np.empty(0))
COUNT = 20_000
BOUNDS = {"sin": (2, 1), "cos": (2, 1), "erf": (2, 2), "pow": (0.51, 1)}  # float32, float64


def error_in_ulps(got, reference):
    """The largest error of the finite, normal results; the others must be the same."""
    rounded = reference.astype(got.dtype)
    normal = np.isfinite(rounded) & (np.abs(reference) >= np.finfo(got.dtype).tiny)
    np.testing.assert_array_equal(got[np.isnan(rounded) | np.isinf(rounded)], rounded[~np.isfinite(rounded)])
    error = np.abs(got[normal] - reference[normal]) / np.spacing(np.abs(rounded[normal]))
    return float(error.max())


def bound_of(name, dtype):
    # Where long double is double, the reference itself is rounded.
    wide = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps
    return BOUNDS[name][dtype == "float64"] + (0 if wide or dtype == "float32" else 1)


def angles(rng, dtype):
    """Arguments of every size, and the neighbours of multiples of a quarter turn."""
    sizes = [rng.uniform(-s, s, COUNT) for s in (1e-3, 4, 100, 1e4, 9e5, 1e7)]
    turns = [rng.integers(1, 2**bits, COUNT) * (np.pi / 2) for bits in (13, 19)]
    x = np.concatenate([*sizes, *turns, 10.0 ** rng.uniform(-30, 30, COUNT)]).astype(dtype)
    return np.concatenate([x, np.nextafter(x, np.array(np.inf, dtype))])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_circular_functions_are_accurate_at_every_size(name, dtype):
    x = angles(np.random.default_rng(0), dtype)
    reference = getattr(np, name)(x.astype(np.longdouble))
    assert error_in_ulps(getattr(_cpu, name)(x), reference) <= bound_of(name, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erf_is_accurate(dtype):
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-7, 7, COUNT), rng.uniform(0.9, 1.1, COUNT), 10.0 ** rng.uniform(-30, 2, COUNT)])
    x = x.astype(dtype)
    reference = np.array([math.erf(v) for v in x.tolist()])
    assert error_in_ulps(_cpu.erf(x), reference) <= BOUNDS["erf"][dtype == "float64"]


def arguments(name, rng, dtype):
    """Small ones of every size, those about 0 and 1, and all that have a finite result."""
    limit = 88.7 if dtype == "float32" else 709.7
    small = 10.0 ** rng.uniform(-30, 0, COUNT) * rng.choice([-1, 1], COUNT)
    x = np.concatenate([rng.uniform(-limit, limit, COUNT), rng.uniform(-3, 3, COUNT), small]).astype(dtype)
    if name == "log1p":
        x = np.concatenate([x[x > -1], 10.0 ** rng.uniform(0, 30, COUNT).astype(dtype)])
    return x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "bound"), [("exp", 2), ("expm1", 2), ("log1p", 2), ("tanh", 3)])
def test_exponentials_and_their_inverses_are_accurate(name, bound, dtype):
    x = arguments(name, np.random.default_rng(5), dtype)
    assert error_in_ulps(getattr(_cpu, name)(x), getattr(np, name)(x.astype(np.longdouble))) <= bound


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_exp_is_finite_up_to_the_largest_number_and_one_at_zero(dtype):
    info = np.finfo(dtype)
    top = np.log(info.max.astype(np.longdouble))
    below, above = np.nextafter(top.astype(dtype), [np.array(0, dtype), np.array(np.inf, dtype)])
    low = np.nextafter(np.log(info.tiny.astype(np.longdouble)).astype(dtype), np.array(0, dtype))
    got = _cpu.exp(np.array([below, above, low, -2 * top, 0.0, -0.0], dtype))
    assert np.isfinite(got[0])
    assert got[1] == np.inf
    assert got[2] >= info.tiny
    assert got[3:].tolist() == [0, 1, 1]
    assert np.isfinite(_cpu.expm1(np.full(3, below))).all()


def test_gelu_keeps_the_digits_of_its_tail():
    x = np.random.default_rng(6).uniform(-6, 6, COUNT).astype("f4")
    reference = np.array([v * math.erfc(-v / math.sqrt(2)) / 2 for v in x.tolist()])
    error = np.abs(_cpu.gelu(x) - reference) / np.abs(reference)
    assert error.max() < 4e-6
    assert error[x > -1].max() < 2.0**-21


def powers(rng, dtype):
    """Bases and exponents: results of every size, bases next to 1 and about the cut of the logarithm."""
    limit = 120 if dtype == "float32" else 1000
    bases = [np.exp2(rng.uniform(-limit, limit, COUNT)), rng.uniform(0, 3, COUNT), rng.uniform(0.99, 1.01, COUNT)]
    bases.append(np.exp2(rng.choice([-0.5, 0.5], COUNT)) * rng.uniform(0.999, 1.001, COUNT))
    exponents = [rng.uniform(-s, s, COUNT) for s in (1, 40, 60 * limit, 2 * limit)]
    return np.concatenate(bases).astype(dtype), np.concatenate(exponents).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_pow_is_accurate(dtype):
    x, y = powers(np.random.default_rng(2), dtype)
    assert error_in_ulps(_cpu.pow(x, y), np.power(x.astype(np.longdouble), y)) <= bound_of("pow", dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_of_small_integers_are_exact(dtype):
    for x, y in itertools.product(range(-12, 13), range(7)):
        assert _cpu.pow(np.full(3, x, dtype), float(y)).tolist() == [float(x**y)] * 3
    x = np.random.default_rng(3).uniform(-1e3, 1e3, COUNT).astype(dtype)
    np.testing.assert_array_equal(_cpu.pow(x, 2.0), x * x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_squares_and_cubes_are_products_beside_any_other_power(dtype):
    rng = np.random.default_rng(7)
    x = np.concatenate([rng.uniform(-9, 9, COUNT), 10.0 ** rng.uniform(-40, 40, COUNT)]).astype(dtype)
    x[::50], x[1::50], x[2::50], x[3::50] = 0.0, -0.0, -np.inf, np.nan
    tiny = np.abs(x) < 1e-12  # cubes that no normal float holds are 0 in a kernel, or not, by how they are made
    x[tiny] = np.sign(x[tiny])
    y = rng.choice([2, 3, 2.5, -1, 0, np.inf], x.size).astype(dtype)
    got = _cpu.pow(x, y)
    np.testing.assert_array_equal(got[y == 2], (x * x)[y == 2])
    np.testing.assert_array_equal(got[y == 3], (x * x * x)[y == 3])
    np.testing.assert_array_equal(_cpu.pow(x, 3.0), x * x * x)
    alone = np.concatenate([_cpu.pow(x[i : i + 1], y[i : i + 1]) for i in range(1000)])
    np.testing.assert_array_equal(got[:1000], alone)
    np.testing.assert_array_equal(np.signbit(got[:1000]), np.signbit(alone))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pow_has_the_special_cases_of_c(dtype):
    def expected(x, y):
        if math.isinf(x) and x < 0 and math.isfinite(y) and not y.is_integer():
            return math.inf if y > 0 else 0.0
        try:
            return math.pow(x, y)
        except ValueError:  # Python raises where C gives infinity or NaN
            return math.copysign(math.inf, x) if x == 0 and y % 2 == 1 else math.inf if x == 0 else math.nan

    odd, even = (2.0**53 - 1, 2.0**53) if dtype == "float64" else (2.0**24 - 1, 2.0**24)
    values = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, odd, -odd, even, math.inf, -math.inf, math.nan]
    special = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan]
    for x, y in [*itertools.product(special, values), *itertools.product(values, special), (-8.0, 1 / 3)]:
        for length in (1, 3, 8, 17):
            got = _cpu.pow(np.full(length, x, dtype), np.full(length, y, dtype))
            answer = np.full(length, expected(x, y), dtype)
            rtol = 2 * np.finfo(dtype).eps
            np.testing.assert_allclose(got, answer, rtol=rtol, atol=0, err_msg=f"{x} ** {y}")
            zero = answer == 0
            np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(answer[zero]), err_msg=f"{x} ** {y}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sin", "cos", "erf", "gelu", "pow"])
def test_an_element_has_the_same_bits_wherever_it_stands(name, dtype):
    values = np.random.default_rng(4).uniform(-4, 4, 67).astype(dtype)
    values[::9], values[5::11], values[7], values[13] = 1e8, np.nan, np.inf, 0.0  # the ways through the library
    run = getattr(_cpu, name)
    other = (1.7,) if name == "pow" else ()
    whole = run(values, *other)
    for length in range(1, 68):
        np.testing.assert_array_equal(run(values[:length].copy(), *other), whole[:length])
    alone = np.concatenate([run(v.reshape(1).copy(), *other) for v in values])
    np.testing.assert_array_equal(alone, whole)


def layouts(x):
    """Views of the shape of x (h, w) with the numbers of x: strided, reversed, transposed, unaligned rows."""
    wide = np.repeat(x, 3, axis=1)
    yield wide[:, ::3]
    yield np.ascontiguousarray(x[:, ::-1])[:, ::-1]
    yield np.ascontiguousarray(x.T).T
    yield np.concatenate([x, x[:, :1]], axis=1)[:, :-1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [1, 5, 16, 255, 256, 257, 600])
def test_layouts_give_the_bits_of_the_contiguous_copy(width, dtype):
    rng = np.random.default_rng(width)
    x, y = rng.uniform(0.1, 4, (2, 3, width)).astype(dtype)
    column, row = y[:, :1].copy(), y[:1].copy()
    for name, b in [("pow", y), ("sub", column), ("div", row), ("pow", y[:1, :1])]:
        run = getattr(_cpu, name)
        expected = run(x, np.ascontiguousarray(np.broadcast_to(b, x.shape)))
        for a in [x, *layouts(x)]:
            np.testing.assert_array_equal(run(a, b), expected)
            np.testing.assert_array_equal(run(b, a), run(np.ascontiguousarray(np.broadcast_to(b, x.shape)), x))
        strided = np.zeros((3, 2 * width), dtype)[:, ::2]
        np.testing.assert_array_equal(run(x, b, out=strided), expected)
    for a in layouts(x):
        np.testing.assert_array_equal(_cpu.gelu(a), _cpu.gelu(x))


def test_out_is_an_input_or_clear_of_it():
    x = np.arange(12.0).reshape(3, 4)
    expected = x + x
    for a, b in ((x.copy(), x), (x, x.copy())):
        out = a if a is not x else b
        assert _cpu.add(a, b, out=out) is out
        np.testing.assert_array_equal(out, expected)
    line = np.arange(20.0)
    _cpu.neg(line[:10], out=line[10:])
    np.testing.assert_array_equal(line[10:], -np.arange(10.0))
    for out, source in ((line[1:11], line[:10]), (line[9::-1], line[:10]), (line[:20:2], line[:10])):
        before = line.copy()
        with pytest.raises(ValueError, match=r"\[exp\] expected out to be one of the inputs or clear of them"):
            _cpu.exp(source, out=out)
        with pytest.raises(ValueError, match=r"\[add\] expected out to be one of the inputs or clear of them"):
            _cpu.add(np.ones(10), source, out=out)
        np.testing.assert_array_equal(line, before)
    with pytest.raises(ValueError, match=r"\[exp\] expected out with memory for every element, got an expanded array"):
        _cpu.exp(np.ones(3), out=np.lib.stride_tricks.as_strided(np.zeros(1), (3,), (0,)))
    with pytest.raises(ValueError, match=r"\[exp\] expected out to be writeable, got a read-only array"):
        _cpu.exp(np.ones(3), out=np.broadcast_to(np.zeros(1), (3,)))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(5, 3), (700, 64), (3001, 10), (40, 1023), (40, 1025), (9, 1, 300), (1, 7)])
def test_a_row_repeated_over_many_equals_the_broadcast_copy(shape, dtype, threads):
    rng = np.random.default_rng(5)
    x, row = rng.standard_normal(shape).astype(dtype), rng.standard_normal(shape[-1]).astype(dtype)
    copy = np.ascontiguousarray(np.broadcast_to(row, shape))
    for count in (1, 3):
        threads(count)
        np.testing.assert_array_equal(_cpu.sub(x, row), x - copy)
        np.testing.assert_array_equal(_cpu.sub(row, x), copy - x)
    last = np.moveaxis(x, -1, 0)  # channels last: the row lies along dimension 0
    column = row.reshape(-1, *[1] * (x.ndim - 1))
    np.testing.assert_array_equal(_cpu.div(last, column), np.moveaxis(x / copy, -1, 0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_where_chooses_in_any_layout(dtype):
    rng = np.random.default_rng(8)
    x, y, mask = rng.standard_normal((37, 41)), rng.standard_normal((37, 41)), rng.random((37, 41)) < 0.5
    x, y = x.astype(dtype), y.astype(dtype)
    x[0, 0], mask[0, 0] = np.nan, False  # what is not chosen leaves no trace
    for a, b, m in itertools.product(*(list(layouts(v)) for v in (x, y, mask))):
        np.testing.assert_array_equal(_cpu.where(m, a, b), np.where(mask, x, y))
    np.testing.assert_array_equal(_cpu.where(mask, x, -2), np.where(mask, x, np.asarray(-2, dtype)))
    np.testing.assert_array_equal(_cpu.where(mask[:1], 0.5, y), np.where(mask[:1], np.asarray(0.5, dtype), y))
    np.testing.assert_array_equal(_cpu.where(mask, x[:, :1], y[3]), np.where(mask, x[:, :1], y[3]))
    with pytest.raises(TypeError, match="condition"):
        _cpu.where(x, x, y)
    with pytest.raises(ValueError, match="broadcast"):
        _cpu.where(mask, x[:, :3], y)
