"""Batch normalisation beyond the op table: running statistics and their promises."""

import numpy as np
import pytest

import pydl
from pydl.backend import cpu_kernels
from pydl.nn import functional as F


def batch(seed=0, shape=(6, 3, 2, 2)):
    return pydl.from_numpy(np.random.default_rng(seed).standard_normal(shape) * 2 + 1)


def test_running_statistics_move_by_momentum_with_the_unbiased_variance():
    x = batch()
    mean, var = pydl.zeros(3, dtype="float64"), pydl.ones(3, dtype="float64")
    F.batch_norm(x, mean, var, training=True, momentum=0.25)
    a = x.numpy()
    np.testing.assert_allclose(mean.numpy(), 0.25 * a.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(var.numpy(), 0.75 + 0.25 * a.var((0, 2, 3), ddof=1), rtol=1e-12)


def test_gradient_in_evaluation_is_that_of_the_statistics_used():
    def gradient(disturb):
        x = batch().detach().requires_grad_()
        mean, var = pydl.zeros(3, dtype="float64"), pydl.ones(3, dtype="float64")
        y = F.batch_norm(x, mean, var)
        if disturb:
            var.mul_(9.0)
        (y * y).sum().backward()
        return x.grad.numpy()

    np.testing.assert_array_equal(gradient(True), gradient(False))


def test_one_value_per_channel_cannot_be_trained_on():
    with pytest.raises(ValueError, match=r"\[batch_norm\] expected more than 1 value per channel when training"):
        F.batch_norm(batch(shape=(1, 3)), None, None, training=True)


def test_a_row_in_evaluation_is_what_it_is_alone(threads):
    x = batch(shape=(16, 3, 5, 5)).float()
    mean, var = pydl.tensor([0.1, 0.2, 0.3]), pydl.tensor([1.0, 2.0, 3.0])
    threads(3)
    whole = F.batch_norm(x, mean, var)
    for i in range(16):
        np.testing.assert_array_equal(F.batch_norm(x[i : i + 1], mean, var).numpy()[0], whole.numpy()[i])


def channels_last(a):
    return np.ascontiguousarray(np.moveaxis(a, 1, -1)).transpose(0, a.ndim - 1, *range(1, a.ndim - 1))


def spread(a):
    out = np.zeros(tuple(2 * n for n in a.shape), a.dtype)[tuple([slice(None, None, 2)] * a.ndim)]
    out[...] = a
    return out


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    "shape", [(5, 3, 4, 4), (40, 64, 4, 4), (3, 72, 7, 9), (2, 130, 5, 5), (2, 5, 40, 41), (70, 33), (9, 8, 1, 1)]
)
def test_every_layout_of_image_and_gradient_gives_the_same_bits(shape, dtype, threads):
    rng = np.random.default_rng(3)
    x, g = (rng.standard_normal(shape).astype(dtype) * 3 + 7 for _ in range(2))
    weight, bias, mean, var = (rng.random(shape[1]).astype(dtype) + 0.5 for _ in range(4))
    _cpu, first = cpu_kernels(), None
    for layout in (np.ascontiguousarray, channels_last, spread):
        for of_grad in (np.ascontiguousarray, channels_last, spread):
            for count in (1, 3):
                threads(count)
                image, grad = layout(x), of_grad(g)
                got = [*_cpu.batch_norm_train(image, weight, bias, 1e-5)]
                got.append(_cpu.batch_norm_eval(image, mean, var, weight, None, 1e-5))
                for trained in (True, False):
                    got.extend(_cpu.batch_norm_grad(image, grad, mean, var, weight, 1e-5, trained))
                first = first or got
                for a, b in zip(got, first, strict=True):
                    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, channels_last])
def test_statistics_are_those_of_float64_whatever_the_mean(layout):
    rng = np.random.default_rng(4)
    offset = np.array([0.0, 1e3, -1e4, 1e5]).reshape(1, 4, 1, 1)
    x = (rng.standard_normal((16, 4, 24, 24)) + offset).astype("f4")
    x[0, :, 0, 0] += 1e3  # far from the others
    _, mean, var = cpu_kernels().batch_norm_train(layout(x), None, None, 1e-5)
    exact = x.astype("f8")
    np.testing.assert_allclose(mean, exact.mean((0, 2, 3)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(var, exact.var((0, 2, 3)), rtol=1e-5)


def test_the_gradient_in_evaluation_does_not_know_the_input():
    x = np.full((2, 3, 4), np.inf, "f4")
    g, one = np.ones((2, 3, 4), "f4"), np.ones(3, "f4")
    dx, _, dbias = cpu_kernels().batch_norm_grad(x, g, one, one, None, 0.0, False)
    np.testing.assert_array_equal(dx, g)
    np.testing.assert_array_equal(dbias, np.full(3, 8.0, "f4"))
