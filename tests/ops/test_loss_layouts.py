"""Losses of elements in any layout: the same bits, and gradients that lie as the input."""

import numpy as np
import pytest

from pydl.backend import kernels

_cpu = kernels(np.empty(0))


def channels_last(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def operands(name):
    rng = np.random.default_rng(0)
    x, t, w, g = (rng.uniform(0.1, 0.9, (3, 5, 16, 24)).astype("f4") for _ in range(4))
    return x, t, w if name.startswith("binary") else None, g


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_losses_of_channels_last_images_have_the_bits_of_their_copies(name, reduction):
    x, t, w, g = operands(name)
    loss, gradient = getattr(_cpu, name), getattr(_cpu, f"{name}_grad")
    by = g if reduction == "none" else np.array(0.7, "f4")
    want, slope = loss(x, t, w, None, reduction), gradient(x, t, w, None, by, 0.25)
    last = channels_last(x)
    for other in (lambda a: a, channels_last, np.asfortranarray, lambda a: a[:, :, ::-1].copy()[:, :, ::-1]):
        weight = w if w is None else other(w)
        np.testing.assert_array_equal(loss(last, other(t), weight, None, reduction), want)
        grad = gradient(last, other(t), weight, None, other(by) if by.ndim else by, 0.25)
        np.testing.assert_array_equal(grad, slope)
        assert grad.strides == last.strides
        np.testing.assert_array_equal(loss(other(x), channels_last(t), weight, None, reduction), want)


def test_the_slope_of_an_absolute_error_is_a_sign():
    x, t = np.float32([1, 2, 3, np.nan, np.inf, 0.0]), np.float32([2, 2, 1, 0, 5, -0.0])
    one = np.array(1, "f4")
    np.testing.assert_array_equal(_cpu.l1_loss(x, t, None, None, "none"), np.float32([1, 0, 2, np.nan, np.inf, 0]))
    np.testing.assert_array_equal(_cpu.l1_loss_grad(x, t, None, None, one, 1.0), np.float32([-1, 0, 1, 0, 1, 0]))
