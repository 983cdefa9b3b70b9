"""Batch normalisation beyond the op table: running statistics and their promises."""

import numpy as np
import pytest

import pydl
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
