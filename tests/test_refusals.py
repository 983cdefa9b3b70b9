"""Arguments that are wrong: every error names the function, the argument, what was expected and what came."""

import math

import numpy as np
import pytest

import pydl
from pydl import tensor
from pydl.nn import functional as F

NAN, INF = math.nan, math.inf
X = tensor(np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3))
IMAGE = pydl.ones(1, 1, 4, 4)


def check(call, error, text):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert type(caught.value) is error, message
    assert message.startswith(f"[{text.split()[0]}] expected "), message
    assert " ".join(text.split()[1:]) in message and ", got " in message, message


POOLING = [
    (lambda: F.adaptive_avg_pool2d(IMAGE, 10**9), ValueError, "adaptive_avg_pool2d output_size >= 1 of fewer"),
    (lambda: F.adaptive_max_pool2d(IMAGE, 10**9), ValueError, "adaptive_max_pool2d output_size >= 1 of fewer"),
    (lambda: F.adaptive_avg_pool2d(IMAGE, 2**63), ValueError, "adaptive_avg_pool2d output_size >= 1 of fewer"),
    (lambda: F.adaptive_avg_pool2d(IMAGE[:, :, :0], 3), ValueError, "adaptive_avg_pool2d input of shape"),
]


@pytest.mark.parametrize(("call", "error", "text"), POOLING)
def test_adaptive_pooling(call, error, text):
    check(call, error, text)


INDICES = [
    (lambda: X.index_select(0, [1]), TypeError, "index_select index as a tensor of integers"),
    (lambda: X.index_select(0, tensor([1.0])), TypeError, "index_select index as a tensor of integers"),
    (lambda: X.index_select(0, tensor([[1]])), ValueError, "index_select index of one dimension"),
    (lambda: X.gather(0, tensor([1])), ValueError, "gather an index that fits"),
    (lambda: pydl.gather([1], 0, tensor([1])), TypeError, "gather input to be a tensor"),
    (lambda: X.clone().__setitem__(0, pydl.ones(7)), ValueError, "setitem a value that broadcasts"),
    (lambda: pydl.where(3, X, X), TypeError, "where condition as a bool tensor"),
    (lambda: pydl.where(tensor([True] * 5), X, X), ValueError, "where shapes that broadcast together"),
    (lambda: X.masked_fill(tensor([True] * 5), 1), ValueError, "masked_fill shapes that broadcast together"),
    (lambda: X.masked_fill(tensor([1, 0, 1]), 1), TypeError, "masked_fill mask as a bool tensor"),
    (lambda: X.masked_fill(X > 0, "a"), TypeError, "masked_fill a tensor or a number"),
    (lambda: X.masked_select(tensor([1, 0, 1])), TypeError, "masked_select mask as a bool tensor"),
]


@pytest.mark.parametrize(("call", "error", "text"), INDICES)
def test_indices_and_masks(call, error, text):
    check(call, error, text)
