"""Functions that only nn.functional has, and special values of the composed activations."""

import math

import numpy as np
import pytest

import pydl
import pydl.nn.functional as F
from pydl.testing import gradcheck, gradgradcheck

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (F.relu, [NAN, INF, 0.0, 0.0]),
        (F.relu6, [NAN, 6.0, 0.0, 0.0]),
        (F.hardtanh, [NAN, 1.0, -1.0, -0.0]),
        (F.leaky_relu, [NAN, INF, -INF, -0.0]),
        (F.elu, [NAN, INF, -1.0, -0.0]),
        (F.sigmoid, [NAN, 1.0, 0.0, 0.5]),
        (F.tanh, [NAN, 1.0, -1.0, -0.0]),
        (F.softplus, [NAN, INF, 0.0, math.log(2)]),
        (F.logsigmoid, [NAN, -0.0, -INF, -math.log(2)]),
        (F.silu, [NAN, INF, -0.0, -0.0]),
        (F.gelu, [NAN, INF, -0.0, -0.0]),
        (lambda x: F.gelu(x, "tanh"), [NAN, INF, -0.0, -0.0]),
        (F.mish, [NAN, INF, -0.0, -0.0]),
        (F.hardswish, [NAN, INF, -0.0, -0.0]),
        (F.hardsigmoid, [NAN, 1.0, 0.0, 0.5]),
        (F.softsign, [NAN, 1.0, -1.0, -0.0]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(function, expected, dtype):
    got = function(pydl.tensor([NAN, INF, -INF, -0.0], dtype=dtype)).numpy()
    np.testing.assert_allclose(got, np.asarray(expected, dtype), rtol=1e-6)


ACTIVATIONS = [
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "hardswish", "hardsigmoid", "hardtanh",
    "softsign", "tanhshrink", "gelu", "softplus", "logsigmoid", "prelu",
]  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_on_the_kinks_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    points = np.array([-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 25.0])
    x, y = pydl.tensor(points, requires_grad=True), torch.tensor(points, requires_grad=True)
    slope = {"prelu": [0.25]}.get(name)
    getattr(F, name)(x, *([pydl.tensor(slope, dtype="float64")] if slope else [])).sum().backward()
    getattr(torch.nn.functional, name)(y, *([torch.tensor(slope).double()] if slope else [])).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize(
    "call",
    [
        lambda F, x: F.normalize(x),
        lambda F, x: F.normalize(x, p=1, dim=-1),
        lambda F, x: F.cosine_similarity(x, x.flip(0), dim=1),
        lambda F, x: F.pairwise_distance(x[0], x[1]),
        lambda F, x: F.pad(x, (1, 2, 0, 1), value=2.0),
        lambda F, x: F.pad(x, (-1, 1)),
        lambda F, x: F.pad(x, (2, 1), mode="reflect"),
        lambda F, x: F.pad(x, (2, 1), mode="replicate"),
        lambda F, x: F.pad(x, (2, 1), mode="circular"),
        lambda F, x: F.interpolate(x, scale_factor=2),
        lambda F, x: F.interpolate(x, size=7),
        lambda F, x: F.interpolate(x, size=7, mode="linear"),
        lambda F, x: F.interpolate(x.unsqueeze(0), size=(2, 7), mode="bilinear", align_corners=True),
        lambda F, x: F.interpolate(x.unsqueeze(0), scale_factor=(1.7, 2.3), mode="bilinear"),
        lambda F, x: F.interpolate(x.unsqueeze(0), scale_factor=1.7, mode="bilinear", recompute_scale_factor=True),
        lambda F, x: F.interpolate(x.unsqueeze(0), scale_factor=1.7, mode="bicubic"),
        lambda F, x: F.interpolate(x, scale_factor=1.7, mode="nearest-exact"),
        lambda F, x: F.interpolate(x, size=3, mode="area"),
        lambda F, x: F.interpolate(x.unsqueeze(0), scale_factor=1.2),
        lambda F, x: F.interpolate(x.unsqueeze(0), scale_factor=2.1),
        lambda F, x: F.interpolate(x.unsqueeze(0), scale_factor=(1.2, 1.8), mode="bilinear"),
        lambda F, x: F.interpolate(x, scale_factor=1.1, mode="linear"),
        lambda F, x: F.interpolate(x, scale_factor=1.2, mode="nearest-exact"),
        lambda F, x: F.adaptive_max_pool2d(x, (2, 3)),
        lambda F, x: F.max_unpool2d(*F.max_pool2d(x, (1, 2), return_indices=True), (1, 2)),
        lambda F, x: F.cosine_similarity(x, x * 2 + 1, dim=-1),
        lambda F, x: F.relu_(x * 2) + F.leaky_relu_(x * 3, 0.1) + F.elu_(x + 0) + F.hardtanh_(x * 1),
        lambda F, x: F.selu_(x * 2) + F.celu_(x * 3, 0.5),
        lambda F, x: F.gelu(x, approximate="tanh"),
        lambda F, x: F.glu(x, dim=0),
        lambda F, x: F.one_hot((x * 3).abs().long(), 12).to(x.dtype) * x.unsqueeze(-1),
    ],
)
def test_values_and_gradients_are_pytorchs(call):
    torch = pytest.importorskip("torch")
    array = np.random.default_rng(0).standard_normal((2, 3, 4))
    x, y = pydl.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    got, expected = call(F, x), call(torch.nn.functional, y)
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-12, atol=1e-14)
    (got * got).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: F.pad(x, (1, 1), mode="wrap"), ValueError, r"\[pad\] expected mode .* got 'wrap'"),
        (lambda x: F.pad(x, (4, 1), mode="reflect"), ValueError, r"padding in 0 … 3 for mode 'reflect'.*got \(4, 1\)"),
        (lambda x: F.pad(x, (-1, 1), mode="replicate"), ValueError, r"\[pad\] expected padding in 0"),
        (lambda x: F.pad(x, (1,), mode="circular"), ValueError, r"\[pad\] expected pairs"),
        (lambda x: F.interpolate(x), ValueError, r"\[interpolate\] expected size or scale_factor, got None and None"),
        (lambda x: F.interpolate(x, size=0), ValueError, "expected values > 0, got 0"),
        (lambda x: F.interpolate(x, size=2.5), TypeError, "expected size as integers, got 2.5"),
        (lambda x: F.interpolate(x, scale_factor=INF), ValueError, "expected values > 0, got inf"),
        (lambda x: F.interpolate(x, scale_factor=0.01), ValueError, "expected sizes >= 1"),
        (lambda x: F.interpolate(x, size=(1, 2)), ValueError, "expected 1 values"),
        (lambda x: F.interpolate(x, scale_factor=2, mode="cubic"), ValueError, 'expected mode "nearest".*"area", got'),
        (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), ValueError, "expected a 4-D input for mode"),
        (lambda x: F.interpolate(x, size=2, align_corners=True), ValueError, "'nearest' without align_corners"),
        (lambda x: F.interpolate(x, size=2, mode="linear", antialias=True), ValueError, "antialias=False"),
        (lambda x: F.interpolate(x.long(), size=2, mode="linear"), TypeError, "float32 or float64, got int64"),
        (lambda x: F.adaptive_max_pool2d(x, (2, 0)), ValueError, r"\[adaptive_max_pool2d\] expected output_size >= 1"),
        (lambda x: F.adaptive_max_pool2d(x[0], 1), ValueError, r"input of shape \(N, C, H, W\) or \(C, H, W\)"),
        (lambda x: F.max_unpool2d(x, x, 2), TypeError, r"\[max_unpool2d\] expected indices as a tensor of integers"),
        (lambda x: F.max_unpool2d(x, x.long()[:1], 2), ValueError, r"expected indices of shape \(2, 3, 4\)"),
        (lambda x: F.max_unpool2d(x, x.long() * 48, 2), IndexError, r"in 0 … 47, got 48 at position \(0, 0, 0\)"),
        (lambda x: F.max_unpool2d(x, -x.long(), 2), IndexError, "got -1 at position"),
        (lambda x: F.max_unpool2d(x, x.long(), 2, output_size=(9, 8)), ValueError, "output_size within stride"),
        (lambda x: F.max_unpool2d(x, x.long(), 0), ValueError, "kernel_size to be an integer >= 1, got 0"),
        (lambda x: F.max_unpool2d(x, x.long(), 2, -1), ValueError, "stride to be an integer >= 1, got -1"),
        (lambda x: F.max_unpool2d(x, x.long(), "valid"), TypeError, "kernel_size to be an integer >= 1, got str"),
        (lambda x: F.max_unpool2d(x, x.long(), 2, 2, 0.5), TypeError, "padding to be an integer >= 0, got float"),
        (lambda x: F.max_unpool2d(x, x.long(), (2, 2, 2)), ValueError, "kernel_size to be one or two integers"),
        (lambda x: F.max_unpool2d(x, x.long(), 2, output_size=3), TypeError, "output_size as a tuple of two sizes"),
        (lambda x: F.pad(x, (1.5, 1)), TypeError, r"\[pad\] expected pad as a sequence of integers, got \(1.5, 1\)"),
        (lambda x: F.pad(x, 1, mode="reflect"), TypeError, "sequence of integers, got 1"),
        (lambda x: F.pad(x, (2**40, 0)), ValueError, "widths below"),
        (lambda x: F.interpolate(x[0], size=2), ValueError, r"expected input of shape \(N, C, …\)"),
        (lambda x: F.pixel_shuffle(x, 2), ValueError, r"\[pixel_shuffle\] expected input of shape"),
        (lambda x: F.pixel_unshuffle(x, 3), ValueError, r"\[pixel_unshuffle\] expected input of shape"),
        (lambda x: F.glu(x, 1), ValueError, r"\[glu\] expected an even size in dim 1, got 3"),
        (lambda x: F.prelu(x, pydl.ones(2)), ValueError, r"\[prelu\] expected 1 or 3 weights"),
        (lambda x: F.hardtanh(x, 1.0, -1.0), ValueError, r"\[hardtanh\] expected min_val <= max_val"),
        (lambda x: F.mish(x.long()), TypeError, r"\[mish\] expected input of dtype float32 or float64, got int64"),
        (lambda x: F.celu([1.0]), TypeError, r"\[celu\] expected input to be a tensor, got list"),
        (lambda x: F.gelu(x, "exact"), ValueError, r"\[gelu\] .* got 'exact'"),
        (lambda x: F.one_hot(x), TypeError, r"\[one_hot\] expected input as a tensor of integers"),
        (lambda x: F.one_hot(pydl.tensor([3]), 3), IndexError, r"\[one_hot\] expected indices in 0 … 2, got 3"),
        (lambda x: F.one_hot(pydl.tensor([3]), 0), ValueError, "expected num_classes >= 1 or -1, got 0"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call(pydl.ones(2, 3, 4))


@pytest.mark.parametrize("window", [(2,), (3, 2, 1), ((2, 3), (1, 2), (0, 1)), ((16, 17), 3, 2), (2, 2, 0, 2)])
@pytest.mark.parametrize("kind", ["ties", "infinite", "nan", "channels_last", "unbatched"])
def test_pooling_indices_are_pytorchs(window, kind):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    x = rng.integers(-3, 3, (2, 3, 20, 21)).astype("f4")
    x = {
        "ties": x,
        "infinite": np.full_like(x, -INF),
        "nan": np.where(rng.random(x.shape) < 0.2, NAN, x),
        "channels_last": np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
        "unbatched": x[0],
    }[kind]
    values, indices = F.max_pool2d(pydl.tensor(x), *window, return_indices=True)
    expected = torch.nn.functional.max_pool2d(torch.tensor(x), *window, return_indices=True)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(values.numpy(), expected[0].numpy())
    np.testing.assert_array_equal(indices.numpy(), expected[1].numpy())


def test_a_window_without_an_element_has_no_index():
    values, indices = F.max_pool2d(pydl.ones(1, 1, 1), 2, 1, 1, 2, return_indices=True)
    assert (values.tolist(), indices.tolist()) == ([[[-INF]]], [[[-1]]])


def test_an_infinity_stays_with_the_places_it_is_mixed_into():
    x = np.zeros((1, 1, 1, 6))
    x[..., 2] = INF
    y = F.interpolate(pydl.tensor(x), size=(1, 12), mode="bilinear").numpy()[0, 0, 0]
    assert np.flatnonzero(y == INF).tolist() == [3, 4, 5, 6]
    assert (np.delete(y, [3, 4, 5, 6]) == 0).all()


@pytest.mark.parametrize(("mode", "ndim"), [("nearest", 3), ("nearest", 4), ("linear", 3), ("bilinear", 4)])
def test_an_axis_that_keeps_its_size_is_kept_whatever_the_scale_factor(mode, ndim):
    x = pydl.arange(7).double().reshape(*(1,) * (ndim - 1), 7).requires_grad_()
    y = F.interpolate(x, scale_factor=1.1, mode=mode)
    assert y.flatten().tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert pydl.nn.Upsample(scale_factor=1.1, mode=mode)(x).tolist() == y.tolist()
    assert gradcheck(lambda x: F.interpolate(x, scale_factor=1.1, mode=mode) ** 2, [x])
    assert gradgradcheck(lambda x: F.interpolate(x, scale_factor=1.1, mode=mode) ** 2, [x])


def test_an_axis_is_kept_beside_one_that_grows():
    image = pydl.arange(21).double().reshape(1, 1, 7, 3)
    assert F.interpolate(image, scale_factor=1.3)[0, 0, :2].tolist() == [[0, 1, 2], [0, 1, 2]]
    assert F.interpolate(image, scale_factor=(1.3, 1.2), mode="bilinear")[0, 0, 0].tolist() == [0, 1, 2]


def test_the_scale_factor_counts_where_the_size_grows_by_another_one():
    x = pydl.arange(5).double().reshape(1, 1, 1, 5)
    doubled = F.interpolate(x, scale_factor=(1, 2.1)).flatten().tolist()
    assert doubled == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    tripled = F.interpolate(x, scale_factor=(1, 3.1)).flatten().tolist()  # ⌊i / 3.1⌋
    assert tripled == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]
    exact = F.interpolate(x, scale_factor=(1, 1.1), mode="nearest-exact").flatten().tolist()  # ⌊(i + ½) / 1.1⌋
    assert exact == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_slopes_of_gelu_by_tanh_far_out_and_at_nan(dtype):
    x = pydl.tensor([INF, 1e38, 1e20, 1e5, 0.0, -1e5, -1e20, -1e38, -INF, NAN], dtype=dtype, requires_grad=True)
    ones = pydl.ones(10, dtype=dtype)
    (slope,) = pydl.grad(F.gelu(x, approximate="tanh"), x, ones, create_graph=True)
    (curvature,) = pydl.grad(slope, x, ones)
    assert slope[:-1].tolist() == [1, 1, 1, 1, 0.5, 0, 0, 0, 0]
    assert math.isnan(slope[-1].item())
    assert curvature[:-1].tolist() == pytest.approx([0, 0, 0, 0, math.sqrt(2 / math.pi), 0, 0, 0, 0])


@pytest.mark.parametrize("size", [(2, 2), (2, 3)], ids=["cells of one size", "cells that overlap"])
def test_adaptive_max_pool_takes_the_last_nan(size):
    x = pydl.arange(16).float().reshape(1, 1, 4, 4)
    x[0, 0, 0, 0] = x[0, 0, 0, 1] = float("nan")
    values, index = F.adaptive_max_pool2d(x, size, return_indices=True)
    assert math.isnan(values[0, 0, 0, 0].item())
    assert index[0, 0, 0, 0].item() == 1
    assert index[0, 0, 1, -1].item() == 15
