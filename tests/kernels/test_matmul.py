"""Matrix products: rounding, order of summation, layouts, bad arguments."""

import numpy as np
import pytest

import pydl
from pydl.backend import kernels

_cpu = kernels(np.empty(0))


def random(rng, shape, dtype="float32", kind="normal"):
    return (rng.standard_normal(shape) if kind == "normal" else rng.random(shape)).astype(dtype)


@pytest.mark.parametrize("kind", ["normal", "positive"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_shapes_are_within_a_few_roundings(dtype, kind):
    rng = np.random.default_rng(1)
    unit, exact = (2.0**-24, np.float64) if dtype == "float32" else (2.0**-53, np.longdouble)
    sizes = [rng.integers(1, [60, 60, 700]) for _ in range(30)] + [(3, 4, 5000), (130, 70, 1100), (1, 600, 300)]
    for m, n, k in sizes:
        a, b = random(rng, (m, k), dtype, kind), random(rng, (k, n), dtype, kind)
        error = np.abs(_cpu.matmul(a, b) - a.astype(exact) @ b.astype(exact))
        assert (error <= 8 * unit * (np.abs(a).astype(exact) @ np.abs(b).astype(exact))).all(), (m, n, k)


@pytest.mark.parametrize("k", [1024, 1025, 3000, 5 * 1024, 16384, 16385, 70000])
def test_the_rounding_error_hardly_grows_with_a_long_sum(k):
    rng = np.random.default_rng(6)
    a, b = random(rng, (7, k), kind="positive"), random(rng, (k, 21), kind="positive")
    exact = a.astype("f8") @ b.astype("f8")
    product = _cpu.matmul(a, b)
    assert (np.abs(product - exact) <= 4 * 2.0**-24 * exact).all()
    np.testing.assert_array_equal(_cpu.matmul(a[4:5], b), product[4:5])


def layouts(x):
    yield np.asfortranarray(x)
    wide = np.zeros((2 * x.shape[0], 3 * x.shape[1]), x.dtype)
    wide[::2, ::3] = x
    yield wide[::2, ::3]
    yield x[::-1, ::-1].copy()[::-1, ::-1]


SHAPES = [(5, 7, 9), (65, 33, 300), (1, 100, 64), (130, 257, 513), (530, 70, 300), (40, 1100, 130)]
THIN = [(70, 1, 130), (70, 2, 130), (70, 5, 9), (2, 70, 300), (300, 75, 1), (300, 75, 2), (20, 3, 2), (256, 128, 128)]
FEW_ROWS = [(16, 70, 1100), (29, 45, 2100), (33, 40, 1030)]


@pytest.mark.parametrize(("m", "n", "k"), SHAPES + THIN + FEW_ROWS)
def test_bits_depend_on_neither_layout_nor_threads_nor_the_other_rows(threads, m, n, k):
    rng = np.random.default_rng(2)
    a, b = random(rng, (m, k)), random(rng, (k, n))
    c = _cpu.matmul(a, b)
    for count in (1, 2, 3, 4, 7):
        threads(count)
        np.testing.assert_array_equal(_cpu.matmul(a, b), c)
    for left in layouts(a):
        for right in layouts(b):
            np.testing.assert_array_equal(_cpu.matmul(left, right), c)
    for i in range(0, m, 13):
        np.testing.assert_array_equal(_cpu.matmul(a[i : i + 1], b), c[i : i + 1])
    for j in range(0, n, 13):
        np.testing.assert_array_equal(_cpu.matmul(a, b[:, j : j + 1]), c[:, j : j + 1])


@pytest.mark.parametrize(("m", "n", "k"), [(3, 2100, 600), (40, 2100, 600), (40, 90, 300)])
def test_rows_many_pages_apart_give_the_bits_of_their_copy(m, n, k):
    rng = np.random.default_rng(7)
    a, b = random(rng, (m, k)), random(rng, (k, 5000))[:, :n]
    np.testing.assert_array_equal(_cpu.matmul(a, b), _cpu.matmul(a, b.copy()))
    np.testing.assert_array_equal(_cpu.matmul(b.T, a.T), _cpu.matmul(a, b).T)


def test_a_product_larger_than_what_is_packed_at_a_time():
    rng = np.random.default_rng(3)
    a, b = random(rng, (3, 40000)), random(rng, (40000, 150))
    c = _cpu.matmul(a, b)
    np.testing.assert_allclose(c, a.astype("f8") @ b, atol=2e-3)
    np.testing.assert_array_equal(_cpu.matmul(a[1:2], b[:, 140:]), c[1:2, 140:])


def test_a_broadcast_operand_gives_the_bits_of_its_copy():
    rng = np.random.default_rng(4)
    row, b = random(rng, (1, 20)), random(rng, (20, 9))
    np.testing.assert_array_equal(_cpu.matmul(np.broadcast_to(row, (5, 20)), b), np.repeat(_cpu.matmul(row, b), 5, 0))
    stack = random(rng, (4, 3, 20))
    np.testing.assert_array_equal(_cpu.matmul(stack, np.broadcast_to(b, (4, 20, 9))), _cpu.matmul(stack, b))
    for i in range(4):
        np.testing.assert_array_equal(_cpu.matmul(stack, b)[i], _cpu.matmul(stack[i], b))


@pytest.mark.parametrize(("m", "n", "k"), [*SHAPES, *THIN, *FEW_ROWS, (40, 37, 513)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_follows_a_sum_has_the_bits_of_a_kernel_of_its_own(m, n, k, dtype):
    rng = np.random.default_rng(8)
    x, w, bias, gate = (random(rng, s, dtype) for s in ((m, k), (n, k), (2 * n,), (m, n)))
    gate.flat[:5] = 0, -0.0, np.nan, np.inf, -np.inf
    bias = bias[::2]
    product = _cpu.matmul(x, w.T)
    for left in (x, np.asfortranarray(x)):
        for right in (w, np.asfortranarray(w)):
            np.testing.assert_array_equal(_cpu.linear(left, right, bias), product + bias)
            np.testing.assert_array_equal(_cpu.linear(left, right, bias, relu=True), _cpu.relu(product + bias))
            np.testing.assert_array_equal(_cpu.linear(left, right, relu=True), _cpu.relu(product))
            np.testing.assert_array_equal(_cpu.matmul(left, right.T, gate), _cpu.relu_grad(gate, product))


def test_relu_and_gate_pass_nan_on_as_their_kernels_do():
    x = np.array([[np.nan, np.inf, -np.inf, -0.0, 1]], "f4").repeat(40, 0)
    w = np.eye(5, dtype="f4") + 0
    product = _cpu.matmul(x, w.T)
    assert np.isnan(product).any()
    np.testing.assert_array_equal(_cpu.linear(x, w, relu=True), _cpu.relu(product))
    np.testing.assert_array_equal(_cpu.matmul(w, x[:5].T.copy(), w), _cpu.relu_grad(w, _cpu.matmul(w, x[:5].T)))


def test_gates_of_a_batch():
    rng = np.random.default_rng(9)
    a, b, gate = (random(rng, s) for s in ((9, 20, 30), (9, 30, 33), (9, 20, 33)))
    for count in (9, 3):
        few = a[:count], b[:count]
        expected = _cpu.relu_grad(gate[:count], _cpu.matmul(*few))
        np.testing.assert_array_equal(_cpu.matmul(*few, gate[:count]), expected)
    with pytest.raises(ValueError, match=r"\[matmul\] expected a contiguous gate of shape \(9, 20, 33\), got \(20"):
        _cpu.matmul(a, b, gate[0])


def test_an_empty_sum_is_its_bias():
    nothing = np.zeros((3, 0), "f4"), np.zeros((2, 0), "f4")
    np.testing.assert_array_equal(_cpu.matmul(nothing[0], nothing[1].T), np.zeros((3, 2)))
    np.testing.assert_array_equal(_cpu.linear(*nothing, np.full(2, 3, "f4")), np.full((3, 2), 3))


def test_zeros_are_not_skipped():
    a = np.zeros((1, 3), "f4")
    b = np.array([[np.inf], [1], [2]], "f4")
    assert np.isnan(_cpu.matmul(a, b)).all()
    assert np.isnan(_cpu.matmul(np.full((20, 40), np.nan, "f4"), np.zeros((40, 30), "f4"))).all()


def test_no_rows():
    assert pydl.zeros(0, 3).matmul(pydl.zeros(3, 4)).shape == (0, 4)
    x, w = pydl.zeros(0, 3, requires_grad=True), pydl.ones(4, 3, requires_grad=True)
    pydl.nn.functional.linear(x, w).sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.zeros((4, 3)))


def ones(*shape, dtype="float32"):
    return pydl.ones(*shape, dtype=dtype)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ones(2, 3) @ ones(2, 3), ValueError, r"\[matmul\] expected shapes .* got \(2, 3\) and \(2, 3\)"),
        (lambda: ones(2, 2, 3) @ ones(3, 3, 4), ValueError, r"\[matmul\] .* leading dimensions broadcast"),
        (lambda: ones() @ ones(3), ValueError, r"\[matmul\] expected shapes"),
        (lambda: ones(2, 3) @ ones(3, 2, dtype="float64"), TypeError, r"\[matmul\] .*float32.*float64"),
        (lambda: ones(2, 3) @ ones(3, 2, dtype="int64"), TypeError, r"\[matmul\] .*int64"),
        (lambda: pydl.matmul(ones(2, 3), 4), TypeError, r"\[matmul\] expected other to be a tensor, got int"),
        (lambda: pydl.ops.mm(ones(2, 2, 3), ones(3, 2)), ValueError, r"\[mm\]"),
        (lambda: pydl.ops.bmm(ones(2, 2, 3), ones(1, 3, 2)), ValueError, r"\[bmm\]"),
        (lambda: linear(ones(2, 3), ones(4, 5)), ValueError, r"\[linear\] expected input of shape \(…, 5\) for weight"),
        (lambda: linear(ones(2, 3), ones(4, 3), ones(3)), ValueError, r"\[linear\] expected bias of shape \(4,\)"),
        (lambda: linear(ones(2, 3), ones(3)), ValueError, r"\[linear\] expected weight of shape \(out, in\)"),
        (lambda: linear(ones(), ones(3, 1)), ValueError, r"\[linear\] expected input of shape"),
        (lambda: linear(ones(2, 3), ones(4, 3, dtype="float64")), TypeError, r"\[linear\] .*float32.*float64"),
        (lambda: linear(ones(2, 3), None), TypeError, r"\[linear\] expected weight to be a tensor"),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()


def linear(*args):
    return pydl.nn.functional.linear(*args)


def test_a_result_too_large_to_address_is_refused():
    column = np.broadcast_to(np.float32(1), (2**33, 1))
    with pytest.raises(ValueError, match=r"\[matmul\] expected sizes"):
        _cpu.matmul(column, np.broadcast_to(np.float32(1), (1, 2**33)))


@pytest.mark.parametrize("shapes", [((9, 1, 0), (0, 5)), ((3, 4, 0), (0, 5)), ((0, 3), (3, 2))])
def test_gradients_of_sums_over_nothing_are_zero(shapes):
    a, b = [pydl.randn(*shape, requires_grad=True) for shape in shapes]
    (a @ b).sum().backward()
    assert (a.grad.shape, b.grad.shape) == shapes
    assert not b.grad.numpy().any()
