"""Impossible options and parameters are refused before anything changes, with the optimizer's name in the error."""

import numpy as np
import pytest

import pydl
from pydl import optim

NAN, INF = float("nan"), float("inf")


def leaf(*shape):
    return pydl.ones(*(shape or (3,)), requires_grad=True)


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam", "AdamW", "Adagrad"])
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"lr": -0.1}, ValueError), ({"lr": NAN}, ValueError), ({"lr": INF}, ValueError), ({"lr": "a"}, TypeError),
        ({"lr": True}, TypeError), ({"lr": None}, TypeError), ({"weight_decay": -1}, ValueError),
        ({"weight_decay": NAN}, ValueError), ({"maximize": 1}, TypeError),
    ],
)  # fmt: skip
def test_options_of_all(name, options, error):
    with pytest.raises(error, match=rf"\[{name}\] expected {next(iter(options))}"):
        getattr(optim, name)([leaf()], **options)


@pytest.mark.parametrize(
    ("name", "options", "error"),
    [
        ("SGD", {"momentum": -0.1}, ValueError), ("SGD", {"momentum": NAN}, ValueError),
        ("SGD", {"dampening": 1.5}, ValueError), ("SGD", {"nesterov": True}, ValueError),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, ValueError),
        ("RMSprop", {"alpha": -0.1}, ValueError), ("RMSprop", {"alpha": 1.1}, ValueError),
        ("RMSprop", {"eps": -1e-8}, ValueError), ("RMSprop", {"momentum": -1}, ValueError),
        ("Adam", {"betas": (1.0, 0.9)}, ValueError), ("Adam", {"betas": (0.9, -0.1)}, ValueError),
        ("Adam", {"betas": (0.9, NAN)}, ValueError), ("Adam", {"betas": (0.9,)}, ValueError),
        ("Adam", {"betas": 0.9}, TypeError), ("Adam", {"betas": ("a", 0.9)}, TypeError),
        ("Adam", {"eps": NAN}, ValueError), ("AdamW", {"betas": (0.9, 1.0)}, ValueError),
        ("Adam", {"amsgrad": "yes"}, TypeError), ("Adagrad", {"lr_decay": -1}, ValueError),
        ("Adagrad", {"initial_accumulator_value": -1}, ValueError), ("Adagrad", {"eps": INF}, ValueError),
    ],
)  # fmt: skip
def test_options_of_one(name, options, error):
    with pytest.raises(error, match=rf"\[{name}\] expected"):
        getattr(optim, name)([leaf()], **options)
    with pytest.raises(error, match=rf"\[{name}\] expected"):
        getattr(optim, name)([{"params": [leaf()], **options}])


@pytest.mark.parametrize(
    ("params", "error", "text"),
    [
        ([], ValueError, "at least one parameter"),
        ([{"params": []}], ValueError, "at least one parameter"),
        (iter(()), ValueError, "at least one parameter"),
        (3, TypeError, "an iterable of tensors"),
        ([1.0], TypeError, "tensors as parameters, got float at 0"),
        ([np.zeros(3)], TypeError, "tensors as parameters, got ndarray at 0"),
        ([pydl.tensor([1])], TypeError, "parameters of floats, got int64 at 0"),
        ([{"lr": 0.1}], TypeError, "a dict with params"),
        ([{"params": [leaf()], "learning_rate": 0.1}], ValueError, r"expected options .* got \['learning_rate'\]"),
        ({leaf()}, TypeError, "a set"),
    ],
)
def test_parameters(params, error, text):
    with pytest.raises(error, match=rf"\[SGD\] .*{text}"):
        optim.SGD(params)


def test_twice_and_not_a_leaf():
    x = leaf()
    with pytest.raises(ValueError, match=r"\[Adam\] expected every parameter once, got one again at 1"):
        optim.Adam([x, x])
    with pytest.raises(ValueError, match=r"\[Adam\] expected every parameter once, got one again at 0"):
        optim.Adam([{"params": [x]}, {"params": [x]}])
    with pytest.raises(ValueError, match=r"\[Adam\] expected leaves as parameters, got the result .* at 0"):
        optim.Adam([x * 2])
    optimizer = optim.Adam([x])
    with pytest.raises(ValueError, match="once"):
        optimizer.add_param_group({"params": [leaf(), x]})
    assert len(optimizer.param_groups) == 1


def test_wrong_gradients_change_nothing():
    a, b = leaf(), leaf()
    optimizer = optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.1)
    a.grad = pydl.ones(3)
    for bad, error in (
        (pydl.ones(2), ValueError),
        (pydl.ones(3, dtype=np.float64), ValueError),
        (np.ones(3, np.float32), TypeError),
    ):
        b.grad = bad
        with pytest.raises(error, match=r"\[SGD\.step\] expected grad"):
            optimizer.step()
        assert a.tolist() == [1, 1, 1]


def test_read_only_and_expanded_parameters():
    array = np.ones(3, np.float32)
    array.flags.writeable = False
    frozen = pydl.from_numpy(array).requires_grad_()
    frozen.grad = pydl.ones(3)
    with pytest.raises(ValueError, match="read-only"):
        optim.SGD([frozen]).step()
    wide = pydl.from_numpy(np.lib.stride_tricks.as_strided(np.ones(1, np.float32), (3,), (0,))).requires_grad_()
    wide.grad = pydl.ones(3)
    with pytest.raises(ValueError, match="memory for every element"):
        optim.SGD([wide]).step()
