"""Activation functions, from the step of 1943 to softmax, each on a tensor of net inputs z."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..ops import clamp, relu, sigmoid, sign, softmax, softplus, tanh
from ..tensor import Tensor


def unit_step(z: Tensor) -> Tensor:
    """0 where z < 0, ½ at 0, 1 where z > 0. (Others put 0 or 1 at 0; a model's predict takes z = 0 for class 1.)"""
    return (sign(z) + 1.0) * 0.5


def linear(z: Tensor) -> Tensor:
    """z itself."""
    return z


def piecewise_linear(z: Tensor) -> Tensor:
    """0 where z ≤ -½, z + ½ between, 1 where z ≥ ½."""
    return clamp(z + 0.5, 0.0, 1.0)


def softmax_rows(z: Tensor) -> Tensor:
    """e^{z_k} / Σⱼ e^{z_j} in each row."""
    return softmax(z, -1)


class Activation(NamedTuple):
    """A function, its formula, its derivative, and where it is used."""

    function: Callable[[Tensor], Tensor]
    formula: str
    derivative: str
    used_in: str


ACTIVATIONS = {
    "unit step": Activation(unit_step, "0, ½, 1 for z <, =, > 0", "0 (none at 0)", "McCulloch-Pitts, perceptron"),
    "sign": Activation(sign, "-1, 0, 1 for z <, =, > 0", "0 (none at 0)", "perceptron"),
    "linear": Activation(linear, "z", "1", "Adaline, linear regression"),
    "piece-wise linear": Activation(piecewise_linear, "0, z + ½, 1", "1 for |z| < ½, else 0", "support vector machine"),
    "logistic": Activation(sigmoid, "1 / (1 + e⁻ᶻ)", "a (1 - a)", "logistic regression, MLP"),
    "tanh": Activation(tanh, "(eᶻ - e⁻ᶻ) / (eᶻ + e⁻ᶻ)", "1 - a²", "MLP"),
    "relu": Activation(relu, "max(0, z)", "1 for z > 0, else 0 (at 0 there is none; 0 is taken)", "MLP, CNN"),
    "softplus": Activation(softplus, "ln(1 + eᶻ)", "logistic(z)", "MLP, CNN"),
    "softmax": Activation(softmax_rows, "e^{z_k} / Σⱼ e^{z_j}", "a_k (δ_kj - a_j)", "softmax regression, last layers"),
}
