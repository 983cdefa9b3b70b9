"""Calls that are refused change nothing: no parameter, no running statistic, no state of the random generator."""

import math

import numpy as np
import pytest

import pydl
from pydl import optim, tensor
from pydl.nn import functional as F

NAN = math.nan
DRAWS = {
    "bernoulli_": lambda: pydl.ones(2).bernoulli_(7.0),
    "bernoulli": lambda: pydl.bernoulli(pydl.ones(2), 7.0),
    "randint": lambda: pydl.randint(0, 3, (3,), dtype="complex64"),
    "rand": lambda: pydl.rand(2**50),
    "randn on no device": lambda: pydl.randn(3, device="mars"),
    "randperm": lambda: pydl.randperm(2**50),
    "uniform_": lambda: pydl.ones(2).uniform_(3, 1),
    "normal": lambda: pydl.normal(0, -1, (3,)),
    "normal_": lambda: pydl.ones(2).normal_(0, NAN),
    "a leaf": lambda: pydl.ones(2, requires_grad=True).normal_(),
    "read-only": lambda: tensor([1.0, 2.0]).expand(3, 2).uniform_(),
    "dropout": lambda: F.dropout(pydl.ones(2), 7.0),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_random_generator_stays(name):
    before = pydl.get_rng_state()
    with pytest.raises((ValueError, TypeError, RuntimeError, MemoryError)) as caught:
        DRAWS[name]()
    assert np.array_equal(pydl.get_rng_state(), before)
    if name.endswith("_"):
        assert str(caught.value).startswith(f"[{name}] expected ")


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("lr", ["x", NAN, None, -1.0])
def test_options_of_a_group_are_checked_before_any_step(kind, lr):
    first, second = (pydl.ones(2, requires_grad=True) for _ in range(2))
    optimizer = getattr(optim, kind)([{"params": first}, {"params": second}], lr=0.1)
    for parameter in (first, second):
        parameter.grad = pydl.ones(2)
    optimizer.param_groups[1]["lr"] = lr
    with pytest.raises((TypeError, ValueError), match=rf"^\[{kind}\] expected lr .*, got "):
        optimizer.step()
    assert first.tolist() == second.tolist() == [1, 1]
    assert not any(optimizer.state.values())


@pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("number", [np.float32, np.float64, tensor])
def test_options_may_be_tensors_and_numpy_numbers(kind, number):
    results = []
    for convert in (float, number):
        p = pydl.ones(2, requires_grad=True)
        p.grad = tensor([0.5, -0.5])
        optimizer = getattr(optim, kind)([p], lr=0.1)
        optimizer.param_groups[0].update(lr=convert(0.5), weight_decay=convert(0.25))
        optimizer.step()
        results.append(p.tolist())
    assert results[0] == results[1]


X = tensor(np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3))
NORMS = [
    (lambda m, v: F.batch_norm(X, m, pydl.ones(4), training=True), ValueError, "batch_norm] expected running_var of s"),
    (lambda m, v: F.batch_norm(X, m, v, pydl.ones(4), training=True), ValueError, "batch_norm] expected weight of sha"),
    (lambda m, v: F.batch_norm(X, m, v, training=True, momentum=NAN), ValueError, "batch_norm] expected momentum"),
    (lambda m, v: F.batch_norm(X, m, v, training=True, momentum="a"), TypeError, "batch_norm] expected momentum"),
    (lambda m, v: F.batch_norm(X, m, v, training=True, eps="a"), TypeError, "batch_norm] expected eps"),
    (lambda m, v: F.batch_norm(X, m, v.expand(1, 3)[0], 3.0, training=True), TypeError, "batch_norm] expected weight"),
    (lambda m, v: F.batch_norm([1], None, None, training=True), TypeError, "batch_norm] expected input to be a tensor"),
    (lambda m, v: F.batch_norm(X, [0], [1]), TypeError, "batch_norm] expected running_mean to be a tensor"),
    (lambda m, v: F.layer_norm(X, (3,), eps=NAN), ValueError, "layer_norm] expected eps"),
    (lambda m, v: F.layer_norm(X, "a"), TypeError, "layer_norm] expected normalized_shape"),
    (lambda m, v: F.group_norm(X, "a"), TypeError, "group_norm] expected num_groups"),
    (lambda m, v: F.group_norm(X[:1], 3), ValueError, "group_norm] expected more than one value"),
    (lambda m, v: F.instance_norm(X[:, :, None], m, v), ValueError, "instance_norm] expected more than one value"),
    (
        lambda m, v: F.instance_norm(X.reshape(1, 3, 2), m, pydl.ones(4)),
        ValueError,
        "instance_norm] expected running",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), NORMS)
def test_running_statistics_stay(call, error, text):
    mean, var = pydl.zeros(3), pydl.ones(3)
    with pytest.raises(error) as caught:
        call(mean, var)
    assert f"[{text}" in str(caught.value)
    assert mean.tolist() == [0, 0, 0]
    assert var.tolist() == [1, 1, 1]


def test_kernels_of_no_array():
    from pydl.backend import kernels

    with pytest.raises(TypeError, match=r"\[kernels\] expected an array of NumPy or CuPy, got list"):
        kernels([1])


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_modes_that_optimizers_do_not_have(kind):
    p = pydl.ones(2, requires_grad=True)
    getattr(optim, kind)([p], capturable=False, differentiable=False)
    with pytest.raises(ValueError, match=rf"\[{kind}\] expected capturable=False, got True"):
        getattr(optim, kind)([p], capturable=True)


def test_hooks_of_steps():
    p = pydl.ones(1, requires_grad=True)
    p.grad = pydl.ones(1)
    optimizer, seen = optim.SGD([p], lr=0.5), []
    before = optimizer.register_step_pre_hook(lambda o, args, named: seen.append(p.item()))
    optimizer.register_step_post_hook(lambda o, args, named: seen.append(p.item()))
    optimizer.step()
    before.remove()
    optimizer.step()
    assert seen == [1.0, 0.5, 0.0]
