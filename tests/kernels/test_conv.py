"""Convolutions: random geometry against the naive loops, bits, bad arguments."""

import itertools

import numpy as np
import pytest

import pydl
from pydl.backend import kernels
from pydl.testing import gradcheck, gradgradcheck, naive_conv

_cpu = kernels(np.empty(0))
F = pydl.nn.functional


def random_case(rng):
    """Shapes and options of one convolution, and an output_padding for its transpose."""
    while True:
        groups = int(rng.choice([1, 1, 2, 3, 8]))
        inner, outer = (int(rng.choice(sizes)) for sizes in ([1, 1, 2, 5, 17], [1, 2, 3, 7]))
        kernel, stride, padding, dilation = (
            [int(n) for n in rng.integers(*r, 2)] for r in ((1, 6), (1, 5), (0, 5), (1, 4))
        )
        size = [int(n) for n in rng.integers(1, 19, 2)]
        if all(n + 2 * p > d * (k - 1) for n, p, d, k in zip(size, padding, dilation, kernel, strict=True)):
            break
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    added = [int(rng.integers(max(s, d))) for s, d in zip(stride, dilation, strict=True)]
    return (int(rng.integers(1, 5)), inner * groups, *size), (outer * groups, inner, *kernel), options, added


def is_within(got, reference, bound, dtype):
    unit = 2.0**-24 if dtype == "float32" else 2.0**-52
    assert got.shape == reference.shape
    assert got.dtype == dtype
    return (np.abs(got - reference) <= 8 * unit * bound).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(4))
def test_random_geometry_equals_the_naive_loops(dtype, seed):
    rng = np.random.default_rng(seed)
    for _ in range(15):
        image, weight, options, added = random_case(rng)
        x, w = (rng.standard_normal(s).astype(dtype) for s in (image, weight))
        y = _cpu.conv2d(x, w, **options)
        g = rng.standard_normal(y.shape).astype(dtype)
        calls = [
            ("conv2d", (x, w), options),
            ("conv2d_weight_grad", (x, g, weight[2:]), options),
            ("conv_transpose2d", (g, w), {**options, "output_padding": added}),
        ]
        for name, args, kwargs in calls:
            naive = getattr(naive_conv, name)
            exact = [a.astype("f8") if isinstance(a, np.ndarray) else a for a in args]
            absolute = [np.abs(a) if isinstance(a, np.ndarray) else a for a in exact]
            try:
                got = getattr(_cpu, name)(*args, **kwargs)
            except ValueError as error:
                assert "output of at least 1 x 1" in str(error)  # noqa: PT017 - padding may eat it all
                continue
            assert is_within(got, naive(*exact, **kwargs), naive(*absolute, **kwargs), dtype), (
                name,
                image,
                weight,
                kwargs,
            )


def layouts(x):
    yield x
    yield np.asfortranarray(x)
    wide = np.zeros([2 * n for n in x.shape], x.dtype)[tuple(slice(None, None, 2) for _ in x.shape)]
    wide[...] = x
    yield wide
    back = (slice(None, None, -1),) * x.ndim
    yield x[back].copy()[back]
    yield np.ascontiguousarray(np.moveaxis(x, 1, -1)).transpose(0, 3, 1, 2)


def test_other_layouts_give_the_bits_of_the_contiguous_copy():
    rng = np.random.default_rng(11)
    for _ in range(6):
        image, weight, options, _ = random_case(rng)
        x, w = (rng.standard_normal(s).astype("f4") for s in (image, weight))
        y = _cpu.conv2d(x, w, **options)
        t, dw = _cpu.conv_transpose2d(y, w, **options), _cpu.conv2d_weight_grad(x, y, weight[2:], **options)
        for a, b, c in zip(layouts(x), layouts(w), layouts(y), strict=True):
            for p, q, r in itertools.product((x, a), (w, b), (y, c)):
                np.testing.assert_array_equal(_cpu.conv2d(p, q, **options), y)
                np.testing.assert_array_equal(_cpu.conv_transpose2d(r, q, **options), t)
                np.testing.assert_array_equal(_cpu.conv2d_weight_grad(p, r, weight[2:], **options), dw)


SHAPES = [
    (8, 16, 32, 20, 3, 1), (16, 32, 40, 8, 3, 1), (4, 3, 64, 30, 7, 1), (32, 1, 6, 28, 5, 1), (6, 24, 24, 20, 3, 24),
    (4, 32, 32, 9, 3, 8), (4, 70, 130, 5, 1, 1), (5, 16, 6, 14, 5, 1), (3, 3, 7, 37, 3, 1), (3, 19, 19, 35, 5, 19),
    (3, 11, 13, 18, 3, 1), (5, 40, 70, 16, 1, 1), (3, 40, 40, 12, 3, 40), (9, 5, 12, 6, 5, 1),
    (4, 64, 64, 9, 3, 8), (4, 32, 32, 13, 5, 4), (5, 16, 16, 7, 4, 8), (4, 48, 48, 3, 1, 12),
]  # fmt: skip


@pytest.mark.parametrize(("n", "c", "o", "size", "kernel", "groups"), SHAPES)
@pytest.mark.parametrize("stride", [1, 2])
def test_bits_depend_on_neither_threads_nor_the_other_images(threads, n, c, o, size, kernel, groups, stride):
    rng = np.random.default_rng(12)
    x = rng.standard_normal((n, c, size, size)).astype("f4")
    w = rng.standard_normal((o, c // groups, kernel, kernel)).astype("f4")
    options = {"stride": stride, "padding": kernel // 2, "groups": groups}

    def run():
        y = _cpu.conv2d(x, w, **options)
        return y, _cpu.conv_transpose2d(y, w, **options), _cpu.conv2d_weight_grad(x, y, kernel, **options)

    threads(1)
    alone = run()
    for count in (2, 3, 4, 7):
        threads(count)
        for got, expected in zip(run(), alone, strict=True):
            np.testing.assert_array_equal(got, expected)
    y, t, dw = alone
    np.testing.assert_array_equal(_cpu.conv2d(x[2], w, **options), y[2])
    np.testing.assert_array_equal(_cpu.conv_transpose2d(y[2:3], w, **options), t[2:3])
    naive = naive_conv.conv2d_weight_grad
    exact = naive(x.astype("f8"), y.astype("f8"), kernel, **options)
    assert is_within(dw, exact, naive(abs(x).astype("f8"), abs(y).astype("f8"), kernel, **options), "float32")


@pytest.mark.parametrize(("n", "c", "o", "size", "kernel", "groups"), SHAPES)
def test_memory_with_channels_last_gives_the_same_bits(n, c, o, size, kernel, groups):
    rng = np.random.default_rng(15)
    x = rng.standard_normal((n, c, size, size)).astype("f4")
    w = rng.standard_normal((o, c // groups, kernel, kernel)).astype("f4")
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    for stride in (1, 2):
        options = {"stride": stride, "padding": kernel // 2, "groups": groups}
        y, y_last = (_cpu.conv2d(a, w, **options) for a in (x, last))
        np.testing.assert_array_equal(y_last, y)
        np.testing.assert_array_equal(
            _cpu.conv_transpose2d(y_last, w, **options), _cpu.conv_transpose2d(y, w, **options)
        )
        np.testing.assert_array_equal(
            _cpu.conv2d_weight_grad(last, y_last, kernel, **options), _cpu.conv2d_weight_grad(x, y, kernel, **options)
        )


def lasting(x, columns=slice(None)):
    return np.ascontiguousarray(x[..., columns].transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


@pytest.mark.parametrize(("n", "c", "o", "size", "kernel", "groups"), SHAPES)
def test_rows_that_run_backwards_or_repeat_one_pixel(n, c, o, size, kernel, groups):
    rng = np.random.default_rng(22)
    x = rng.standard_normal((n, c, size, size)).astype("f4")
    w = rng.standard_normal((o, c // groups, kernel, kernel)).astype("f4")
    for options in ({"groups": groups}, {"groups": groups, "padding": kernel // 2, "stride": 2}):
        y = _cpu.conv2d(x, w, **options)
        backwards = [lasting(a, slice(None, None, -1))[..., ::-1] for a in (x, y)]
        repeated = [np.broadcast_to(lasting(a, slice(1)), a.shape) for a in (x, y)]
        for image, maps in (backwards, repeated):
            for call, first, second, *rest in (
                (_cpu.conv2d, image, w), (_cpu.conv_transpose2d, maps, w),
                (_cpu.conv2d_weight_grad, image, maps, kernel),
            ):  # fmt: skip
                expected = call(first.copy(), second.copy(), *rest, **options)
                np.testing.assert_array_equal(call(first, second, *rest, **options), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("n", "c", "o", "kernel", "groups"),
    [
        (5, 6, 40, (4, 3), 1), (33, 70, 10, (5, 5), 2), (4, 3, 3, (1, 1), 3), (40, 16, 24, (5, 5), 1),
        (9, 32, 64, (2, 2), 8), (9, 20, 20, (4, 4), 20), (9, 5, 90, (3, 4), 5), (17, 90, 18, (4, 4), 1),
    ],
)  # fmt: skip
def test_one_window_that_is_the_whole_image(threads, n, c, o, kernel, groups, dtype):
    rng = np.random.default_rng(21)
    x, w = (rng.standard_normal((*s, *kernel)).astype(dtype) for s in ((n, c), (o, c // groups)))
    g = rng.standard_normal((n, o, 1, 1)).astype(dtype)
    calls = [("conv2d", (x, w)), ("conv_transpose2d", (g, w)), ("conv2d_weight_grad", (x, g, kernel))]
    for name, args in calls:
        naive = getattr(naive_conv, name)
        exact = [a.astype("f8") if isinstance(a, np.ndarray) else a for a in args]
        absolute = [np.abs(a) if isinstance(a, np.ndarray) else a for a in exact]
        expected = getattr(_cpu, name)(*args, groups=groups)
        assert is_within(expected, naive(*exact, groups=groups), naive(*absolute, groups=groups), dtype), name
        for count, first, second in zip(
            (1, 2, 3, 4, 7),
            layouts(args[0]),
            layouts(args[1]) if name != "conv2d_weight_grad" else layouts(g),
            strict=True,
        ):
            threads(count)
            np.testing.assert_array_equal(getattr(_cpu, name)(first, second, *args[2:], groups=groups), expected)
            if name != "conv2d_weight_grad":
                bias = rng.standard_normal(expected.shape[1]).astype(dtype)
                biased = getattr(_cpu, name)(first, second, bias, groups=groups)
                np.testing.assert_array_equal(biased, expected + bias[:, None, None])


def test_the_result_lies_in_memory_as_the_input():
    x = np.zeros((2, 3, 8, 8), "f4")
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    w = np.zeros((4, 3, 3, 3), "f4")
    assert _cpu.conv2d(x, w).flags.c_contiguous
    assert _cpu.conv2d(last, w).transpose(0, 2, 3, 1).flags.c_contiguous
    assert _cpu.conv_transpose2d(last, w.transpose(1, 0, 2, 3)).transpose(0, 2, 3, 1).flags.c_contiguous
    assert _cpu.conv2d(last[0], w).transpose(1, 2, 0).flags.c_contiguous


@pytest.mark.parametrize("single", [False, True])
def test_the_gradient_of_an_image_lies_in_memory_as_the_image(single):
    rng = np.random.default_rng(16)
    image = rng.standard_normal((3, 8, 9) if single else (2, 3, 8, 9)).astype("f4")
    last = np.ascontiguousarray(np.moveaxis(image, -3, -1))
    w = pydl.tensor(rng.standard_normal((17, 3, 3, 3)).astype("f4"))
    grads = []
    for array in (image, np.moveaxis(last, -1, -3)):
        x = pydl.from_numpy(array).requires_grad_()
        y = F.conv2d(x, w)
        (grad,) = pydl.grad((y * y).sum(), x)
        assert grad.numpy().strides == array.strides
        grads.append(grad.numpy())
    np.testing.assert_array_equal(*grads)
    with pytest.raises(ValueError, match=r"expected 4 strides, got 2"):
        _cpu.conv_transpose2d(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 2, 2)), strides=(8, 8))


# n, channels, filters, height, width, kernel, padding, dilation
FEW = [
    (3, 1, 6, 13, 28, (5, 5), 2, 1), (3, 6, 16, 14, 14, (5, 5), 0, 1), (2, 6, 16, 9, 11, (5, 3), 0, 1),
    (2, 3, 17, 12, 19, (3, 5), 1, 1), (2, 1, 8, 9, 33, (3, 3), 1, 1), (2, 2, 13, 7, 18, (3, 2), 1, 2),
    (2, 10, 12, 8, 17, (3, 3), 1, 1), (2, 5, 20, 6, 6, (4, 4), 0, 1), (1, 12, 33, 10, 9, (5, 5), 3, 1),
    (2, 15, 16, 9, 8, (7, 7), 0, 1), (2, 4, 3, 16, 40, (1, 7), 0, 2), (1, 7, 11, 70, 65, (3, 3), 0, 1),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "c", "o", "height", "width", "kernel", "padding", "dilation"), FEW)
def test_few_channels_equal_the_naive_loops_in_every_layout(
    threads, dtype, n, c, o, height, width, kernel, padding, dilation
):
    rng = np.random.default_rng(17)
    x, w = (rng.standard_normal(s).astype(dtype) for s in ((n, c, height, width), (o, c, *kernel)))
    options = {"padding": padding, "dilation": dilation}
    g = rng.standard_normal(_cpu.conv2d(x, w, **options).shape).astype(dtype)
    calls = [("conv2d", (x, w)), ("conv_transpose2d", (g, w)), ("conv2d_weight_grad", (x, g, kernel))]
    for name, args in calls:
        threads(1)
        got, naive = getattr(_cpu, name)(*args, **options), getattr(naive_conv, name)
        exact = [a.astype("f8") if isinstance(a, np.ndarray) else a for a in args]
        absolute = [np.abs(a) if isinstance(a, np.ndarray) else a for a in exact]
        assert is_within(got, naive(*exact, **options), naive(*absolute, **options), dtype), name
        threads(3)
        for a, b in zip(layouts(args[0]), layouts(args[1]) if len(args) == 2 else layouts(g), strict=True):
            np.testing.assert_array_equal(getattr(_cpu, name)(a, b, *args[2:], **options), got)
        if name != "conv2d_weight_grad":
            np.testing.assert_array_equal(getattr(_cpu, name)(args[0][-1:], w, **options), got[-1:])
    lying = np.moveaxis(np.empty((n, height, width, c), dtype), -1, 1).strides
    added = [s - t for s, t in zip(x.shape[2:], _cpu.conv_transpose2d(g, w, **options).shape[2:], strict=True)]
    plain, last = (_cpu.conv_transpose2d(g, w, **options, output_padding=added, strides=s) for s in (x.strides, lying))
    np.testing.assert_array_equal(plain, last)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_no_number_reaches_only_the_taps_that_see_it(channels):
    """Where registers hold pixels of a line, the last of them must not read on into the next line."""
    x, g = np.ones((2, channels, 9, 11), "f4"), np.ones((2, 3, 9, 11), "f4")
    x[0, 0, 4, 10] = np.inf
    dw = _cpu.conv2d_weight_grad(x, g, (1, 3), padding=(0, 1))
    assert np.isfinite(dw[:, 0, 0, 0]).all()
    assert (dw[:, 0, 0, 1:] == np.inf).all()
    assert np.isfinite(dw[:, 1:]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("groups", [1, 2])
def test_the_gradient_of_few_weights_over_many_pixels(threads, groups, dtype):
    """The pixels are cut into parts, whose sums are in another order than the weights."""
    rng = np.random.default_rng(18)
    x, g = (rng.standard_normal(s).astype(dtype) for s in ((2, 33 * groups, 40, 41), (2, 7 * groups, 38, 40)))
    options, got = {"groups": groups}, None
    exact = naive_conv.conv2d_weight_grad(x.astype("f8"), g.astype("f8"), (3, 2), **options)
    bound = naive_conv.conv2d_weight_grad(np.abs(x).astype("f8"), np.abs(g).astype("f8"), (3, 2), **options)
    for count, a, b in zip((1, 2, 4, 3, 1), layouts(x), layouts(g), strict=True):
        threads(count)
        grad = _cpu.conv2d_weight_grad(a, b, (3, 2), **options)
        assert is_within(grad, exact, bound, dtype)
        got = grad if got is None else got
        np.testing.assert_array_equal(grad, got)


@pytest.mark.parametrize("biased", [False, True])
def test_a_transposed_convolution_of_steps_beyond_the_kernel(biased):
    """Between the taps there is the bias, or nothing."""
    rng = np.random.default_rng(19)
    y, w, b = (rng.standard_normal(s).astype("f4") for s in ((2, 17, 4, 5), (17, 18, 1, 2), 18))
    bias, options = b if biased else None, {"stride": (3, 4), "output_padding": (2, 1)}
    expected = naive_conv.conv_transpose2d(y, w, bias, **options)
    for image in (y, np.ascontiguousarray(np.moveaxis(y, 1, -1)).transpose(0, 3, 1, 2)):
        x = _cpu.conv_transpose2d(image, w, bias, **options)
        np.testing.assert_allclose(x, expected, atol=2e-5)
        np.testing.assert_array_equal(x[:, :, 1], np.broadcast_to(b[:, None] * biased, x[:, :, 1].shape))


def test_windows_that_a_transposed_convolution_leaves_out():
    """output_padding beyond the stride, as a dilation allows: one more window would fit than there are maps."""
    rng = np.random.default_rng(13)
    y, w = (pydl.tensor(rng.standard_normal(s), requires_grad=True) for s in ((1, 2, 3, 2), (2, 1, 2, 2)))
    options = {"stride": 1, "dilation": 3, "output_padding": 2}
    assert gradcheck(lambda y, w: F.conv_transpose2d(y, w, **options), [y, w])
    assert gradgradcheck(lambda y, w: F.conv_transpose2d(y, w, **options), [y, w])


def test_same_padding_that_is_uneven_differentiates():
    rng = np.random.default_rng(14)
    x, w = (pydl.tensor(rng.standard_normal(s), requires_grad=True) for s in ((1, 1, 4, 3), (2, 1, 2, 4)))
    assert F.conv2d(x, w, padding="same").shape == (1, 2, 4, 3)
    assert gradcheck(lambda x, w: F.conv2d(x, w, padding="same", dilation=(1, 2)), [x, w])


@pytest.mark.parametrize(("groups", "channels"), [(1, 6), (6, 6), (1, 33)])
def test_the_rounding_error_of_a_weight_gradient_hardly_grows_with_the_pixels(groups, channels):
    rng = np.random.default_rng(9)
    x, g = rng.random((12, channels, 90, 91), "f4"), rng.random((12, 6, 90, 91), "f4")
    exact = np.stack([np.einsum("nhw,nchw->c", g[:, o].astype("f8"), x.astype("f8")) for o in range(6)])
    exact = exact if groups == 1 else np.diag(exact)[:, None]
    error = np.abs(_cpu.conv2d_weight_grad(x, g, (1, 1), groups=groups)[:, :, 0, 0] - exact)
    assert (error <= 4 * 2.0**-24 * exact).all()


def test_no_images_gives_no_maps_and_zero_weight_gradients():
    x, w = pydl.zeros(0, 3, 8, 8, requires_grad=True), pydl.ones(4, 3, 3, 3, requires_grad=True)
    y = F.conv2d(x, w)
    assert y.shape == (0, 4, 6, 6)
    y.sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.zeros((4, 3, 3, 3)))
    assert F.conv_transpose2d(pydl.zeros(0, 4, 2, 2), w).shape == (0, 3, 4, 4)


def test_nan_and_infinity_reach_every_window_they_lie_under():
    x = np.zeros((1, 1, 5, 5), "f4")
    x[0, 0, 2, 2] = np.inf
    y = _cpu.conv2d(x, np.zeros((1, 1, 3, 3), "f4"))
    assert np.isnan(y).all()
    x[0, 0, 2, 2] = np.nan
    assert np.isnan(_cpu.conv2d(x, np.ones((1, 1, 3, 3), "f4"))).all()


def test_huge_steps_touch_only_what_exists():
    far = 2**31 - 1
    x, w = np.ones((1, 1, 2, 2), "f4"), np.ones((1, 1, 1, 1), "f4")
    np.testing.assert_array_equal(_cpu.conv2d(x, w, stride=far), [[[[1]]]])
    assert _cpu.conv2d(x, w, stride=far, padding=far).shape == (1, 1, 3, 3)
    wide = _cpu.conv2d(x, np.ones((1, 1, 2, 2), "f4"), stride=far, padding=far, dilation=far)
    assert wide.shape == (1, 1, 2, 2)


HUGE = [2**31, 2**62, 2**63 - 1, 2**63, 10**30]
BAD_INTEGERS = {
    "stride": [0, -1, (0, 1), (1,), (1, 2, 3), -(2**63), *HUGE],
    "dilation": [0, -1, (1, 0), (), *HUGE],
    "padding": [-1, (1, -1), (1,), *HUGE],
    "groups": [0, -1, -(2**63), 2, *HUGE],
}
BAD_TYPES = [1.5, True, "2", None, (1.5, 1), (True, 1), np.float32(1)]


@pytest.mark.parametrize(("argument", "value"), [(a, v) for a, values in BAD_INTEGERS.items() for v in values])
@pytest.mark.parametrize("function", [F.conv2d, F.conv_transpose2d], ids=lambda f: f.__name__)
def test_bad_values_name_the_function_and_the_argument(function, argument, value):
    with pytest.raises(ValueError, match=rf"^\[{function.__name__}\] expected .*{argument}.*, got "):
        function(pydl.ones(1, 3, 8, 8), pydl.ones(3, 3, 3, 3), **{argument: value})


@pytest.mark.parametrize("value", BAD_TYPES, ids=repr)
@pytest.mark.parametrize("argument", ["stride", "dilation", "padding", "groups"])
def test_bad_types_name_the_function_and_the_argument(argument, value):
    wrong_value = argument == "padding" and isinstance(value, str)
    with pytest.raises(ValueError if wrong_value else TypeError, match=rf"^\[conv2d\] expected {argument}.*, got "):
        F.conv2d(pydl.ones(1, 3, 8, 8), pydl.ones(3, 3, 3, 3), **{argument: value})


@pytest.mark.parametrize("argument", ["stride", "dilation"])
def test_sizes_beyond_memory_are_refused(argument):
    with pytest.raises((ValueError, MemoryError)):
        F.conv_transpose2d(pydl.ones(1, 1, 2**16, 2**8), pydl.ones(1, 1, 3, 3), **{argument: 2**31 - 1})


@pytest.mark.parametrize("value", [1, 2, (1, 2), -1, 2**62])
def test_output_padding_must_be_smaller_than_the_steps(value):
    with pytest.raises(ValueError, match=r"^\[conv_transpose2d\] expected output_padding .*, got "):
        F.conv_transpose2d(pydl.ones(1, 1, 4, 4), pydl.ones(1, 1, 2, 2), output_padding=value)


def ones(*shape, dtype="float32"):
    return pydl.ones(*shape, dtype=dtype)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.conv2d(ones(8, 3, 32, 32), ones(16, 4, 3, 3)), ValueError,
         r"^\[conv2d\] expected input with 4 channels \(weight \(16, 4, 3, 3\), groups 1\), got 3$"),
        (lambda: F.conv2d(ones(3, 9, 9), ones(8, 3, 3, 3), groups=2), ValueError,
         r"^\[conv2d\] expected input with 6 channels \(weight \(8, 3, 3, 3\), groups 2\), got 3$"),
        (lambda: F.conv2d(ones(3), ones(1, 1, 1, 1)), ValueError, r"\(N, C, H, W\) or \(C, H, W\), got \(3,\)"),
        (lambda: F.conv2d(ones(1, 1, 1, 1, 1), ones(1, 1, 1, 1)), ValueError, r"\(N, C, H, W\) or \(C, H, W\)"),
        (lambda: F.conv2d(ones(1, 1, 4, 4), ones(1, 1, 5)), ValueError, r"weight of shape .*, got \(1, 1, 5\)"),
        (lambda: F.conv2d(ones(1, 1, 4, 4), ones(1, 1, 7, 7), padding=1), ValueError,
         r"within the padded input of 6 x 6, got one that spans 7 x 7"),
        (lambda: F.conv2d(ones(1, 1, 4, 4), ones(2, 1, 1, 1), ones(3)), ValueError, r"bias of shape \(2,\), got"),
        (lambda: F.conv2d(ones(1, 4, 4, 4), ones(3, 2, 1, 1), groups=2), ValueError,
         r"groups that divide the 3 channels of the output, got 2"),
        (lambda: F.conv2d(ones(1, 0, 4, 4), ones(3, 2, 1, 1)), ValueError, r"at least one channel"),
        (lambda: F.conv2d(ones(1, 2, 0, 4), ones(3, 2, 1, 1), padding=1), ValueError, r"at least one channel"),
        (lambda: F.conv2d(ones(1, 2, 4, 4), ones(0, 2, 1, 1)), ValueError, r"weight of no dimension 0"),
        (lambda: F.conv2d(ones(1, 2, 4, 4), ones(1, 2, 3, 3), padding="same", stride=2), ValueError, r"stride 1"),
        (lambda: F.conv2d(ones(1, 2, 4, 4), ones(1, 2, 3, 3), padding="full"), ValueError, r"got 'full'"),
        (lambda: F.conv2d(ones(1, 1, 4, 4), ones(1, 1, 1, 1, dtype="float64")), TypeError, r"float32.*float64"),
        (lambda: F.conv2d(ones(1, 1, 4, 4, dtype="int64"), ones(1, 1, 1, 1)), TypeError, r"\[conv2d\].*int64"),
        (lambda: F.conv2d(np.ones((1, 1, 4, 4)), ones(1, 1, 1, 1)), TypeError, r"input to be a tensor, got ndarray"),
        (lambda: F.conv_transpose2d(ones(1, 3, 4, 4), ones(2, 1, 1, 1)), ValueError, r"input with 2 channels \(weight"),
        (lambda: F.conv_transpose2d(ones(1, 3, 4, 4), ones(3, 1, 1, 1), groups=2), ValueError,
         r"groups that divide the 3 channels of the input, got 2"),
        (lambda: F.conv_transpose2d(ones(1, 1, 1, 1), ones(1, 1, 2, 2), padding=1), ValueError, r"output of at least"),
        (lambda: F.conv_transpose2d(ones(1, 1, 4, 4), ones(1, 1, 1, 1), padding="same"), TypeError, r"padding"),
        (lambda: F.conv1d(ones(1, 1, 4), ones(1, 1, 2), stride=(1, 2)), ValueError, r"^\[conv1d\] expected stride"),
        (lambda: F.conv1d(ones(1, 1, 4), ones(1, 1, 2), padding=True), TypeError, r"^\[conv1d\] expected padding"),
        (lambda: pydl.ops.conv2d_weight_grad(ones(1, 1, 4, 4), ones(1, 1, 3, 4), 2), ValueError, r"at most 3 x 3"),
        (lambda: pydl.ops.conv2d_weight_grad(ones(2, 1, 4, 4), ones(1, 1, 3, 3), 2), ValueError, r"grad of a"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call()
