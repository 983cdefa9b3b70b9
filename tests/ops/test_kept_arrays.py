"""Masks, indices and weights changed between the forward and the backward pass: the old gradient, or an error."""

import numpy as np
import pytest

import pydl
from pydl import tensor
from pydl.nn import functional as F

LONG = 20_000  # indices of more than 64 KiB


def _index(n):
    return tensor(np.arange(n) % 2)


def _mask(n):
    return tensor(np.arange(n) % 2 == 0)


def _set(x, index):
    y = x * 1.0
    y[index] = x.detach()[: index.numel()] * 0.0
    return y


CASES = {
    "where": (lambda x, m: pydl.where(m, x, 0.0), lambda n: _mask(n * 8)),
    "masked_fill": (lambda x, m: x.masked_fill(m, 1.0), lambda n: _mask(n * 8)),
    "masked_select": (lambda x, m: pydl.masked_select(x, m), lambda n: _mask(n * 8)),
    "x[mask]": (lambda x, m: x[m], lambda n: _mask(n * 8)),
    "x[index]": (lambda x, i: x[i], _index),
    "x[index] = y": (_set, _index),
    "gather": (lambda x, i: x.gather(0, i), _index),
    "index_select": (lambda x, i: x.index_select(0, i), _index),
    "embedding": (lambda x, i: F.embedding(i, x.reshape(-1, 1)), _index),
}


def _gradient(x, y):
    weights = pydl.from_numpy(np.linspace(1, 2, y.numel())).reshape(y.shape)
    return pydl.autograd.grad((y * weights).sum(), x)[0].numpy()


@pytest.mark.parametrize("name", CASES)
def test_a_small_mask_or_index_may_change(name):
    function, make = CASES[name]
    changed = make(4)
    x = tensor(np.linspace(-1, 1, changed.numel()), requires_grad=True)
    expected = _gradient(x, function(x, make(4)))
    y = function(x, changed)
    changed.fill_(1)
    assert np.array_equal(_gradient(x, y), expected)


@pytest.mark.parametrize("name", CASES)
def test_a_large_one_is_watched(name):
    function, make = CASES[name]
    changed = make(LONG)
    x = tensor(np.linspace(-1, 1, changed.numel()), requires_grad=True)
    y = function(x, changed)
    changed.fill_(1)
    with pytest.raises(RuntimeError, match=r"expected (the )?(index|mask|condition) as it was in the forward pass"):
        y.sum().backward()


def test_a_mask_changed_before_the_second_backward_pass():
    mask = _mask(LONG * 8)
    x = pydl.ones(LONG * 8, requires_grad=True)
    (g,) = pydl.autograd.grad((pydl.where(mask, x, 0.0) ** 2).sum(), x, create_graph=True)
    mask.zero_()
    with pytest.raises(RuntimeError, match="expected the condition as it was"):
        g.sum().backward()


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, w: F.cross_entropy(x, tensor([0, 2]), weight=w),
        lambda x, w: F.nll_loss(x, tensor([0, 2]), weight=w),
        lambda x, w: F.binary_cross_entropy(x.sigmoid(), pydl.ones(2, 3) * 0.3, weight=w),
        lambda x, w: F.binary_cross_entropy_with_logits(x, pydl.ones(2, 3) * 0.3, weight=w),
        lambda x, w: F.binary_cross_entropy_with_logits(x, pydl.ones(2, 3) * 0.3, pos_weight=w),
    ],
    ids=["cross_entropy", "nll_loss", "bce", "bce_logits", "pos_weight"],
)
def test_weights_of_losses_may_change(loss):
    x = tensor(np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), requires_grad=True)
    weight = tensor([1.0, 2.0, 3.0])
    (expected,) = pydl.autograd.grad(loss(x, weight), x)
    value = loss(x, weight)
    weight.fill_(7.0)
    assert np.array_equal(pydl.autograd.grad(value, x)[0].numpy(), expected.numpy())
