"""A derivative of one's own: a Function that is written here, and checks by differences that find what is wrong."""

import numpy as np
import pytest

import pydl
from pydl.testing import gradcheck, gradgradcheck


class Swish(pydl.autograd.Function):
    """x σ(βx), of a slope written by hand: σ + βx σ (1 - σ) in x, x² σ (1 - σ) in β."""

    def forward(self, x, beta):
        self.retain_inputs(0, 1)
        return x / (1 + np.exp(-beta * x))

    def backward(self, g):
        x, beta = self.input(0), self.input(1)
        s = pydl.sigmoid(beta * x)
        return g * (s + beta * x * s * (1.0 - s)), g * x * x * s * (1.0 - s)


class Turned(Swish):
    """With the sign of one term turned."""

    def backward(self, g):
        x, beta = self.input(0), self.input(1)
        s = pydl.sigmoid(beta * x)
        return g * (s - beta * x * s * (1.0 - s)), g * x * x * s * (1.0 - s)


class Fixed(Swish):
    """Right, but by numbers off the graph: it cannot be differentiated again."""

    def backward(self, g):
        return tuple(g * (slope / g).detach() for slope in super().backward(g))


def inputs():
    rng = np.random.default_rng(0)
    return [pydl.tensor(rng.normal(0, 1.5, (3, 4)), requires_grad=True) for _ in range(2)]


def swish(kind):
    return lambda x, beta: kind()(x, beta)


def test_values_and_slopes_of_first_and_second_order():
    x, beta = inputs()
    y = swish(Swish)(x, beta)
    np.testing.assert_allclose(y.detach().numpy(), (x * pydl.sigmoid(beta * x)).detach().numpy(), rtol=1e-12)
    assert gradcheck(swish(Swish), [x, beta])
    assert gradgradcheck(swish(Swish), [x, beta])
    composed = pydl.grad((x * pydl.sigmoid(beta * x)).sum(), [x, beta])
    for got, wanted in zip(pydl.grad(y.sum(), [x, beta]), composed, strict=True):
        np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-12)


def test_a_wrong_slope_is_named():
    with pytest.raises(AssertionError, match=r"\[gradcheck\] expected the gradient of input 0 at \(0, 0\) to be"):
        gradcheck(swish(Turned), inputs())


def test_a_slope_that_has_none_itself_is_found_by_the_second_check_alone():
    assert gradcheck(swish(Fixed), inputs())
    with pytest.raises(AssertionError, match=r"\[gradcheck\] expected the gradient of input 0"):
        gradgradcheck(swish(Fixed), inputs())


def test_trained_through():
    """A weight finds its way by the derivative that was written: β = 2 where the targets were made with 2."""
    x = pydl.tensor(np.linspace(-3, 3, 50))
    target, beta = x * pydl.sigmoid(x * 2.0), pydl.tensor(0.5, dtype=pydl.float64, requires_grad=True)
    optimizer = pydl.optim.Adam([beta], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        (Swish()(x, beta.expand(50)) - target).square().mean().backward()
        optimizer.step()
    assert abs(beta.item() - 2) < 0.01
