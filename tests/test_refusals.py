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
    assert " ".join(text.split()[1:]) in message, message
    assert ", got " in message, message


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


LABELS, PROBABILITIES = tensor([0, 2]), pydl.ones(2, 3) / 3
LOSSES = [
    (lambda: F.cross_entropy(X, PROBABILITIES, label_smoothing=2.0), ValueError, "cross_entropy label_smoothing in 0"),
    (lambda: F.cross_entropy(X, LABELS, label_smoothing="a"), TypeError, "cross_entropy label_smoothing to be a numb"),
    (lambda: F.cross_entropy(X, PROBABILITIES.double()), TypeError, "cross_entropy target of dtype float32"),
    (lambda: F.cross_entropy(X, LABELS, weight=[1, 2, 3]), TypeError, "cross_entropy weight to be a tensor"),
    (lambda: F.cross_entropy(X, PROBABILITIES, weight=pydl.ones(5)), ValueError, "cross_entropy weight of shape (3,)"),
    (lambda: F.cross_entropy(X, LABELS, ignore_index="a"), TypeError, "cross_entropy ignore_index as an integer"),
    (lambda: F.cross_entropy(X, LABELS, None, True), ValueError, "cross_entropy reduction=… in place of size_average"),
    (lambda: F.cross_entropy(tensor(1.0), tensor(0)), ValueError, "cross_entropy input of floats of shape (N, C, …)"),
    (lambda: F.nll_loss(X, tensor([0])), ValueError, "nll_loss target of shape (2,) for input (2, 3)"),
    (lambda: F.nll_loss(X, tensor([0, 1, 2])), ValueError, "nll_loss target of shape (2,) for input (2, 3)"),
    (lambda: F.nll_loss(X, LABELS, weight=pydl.ones(5)), ValueError, "nll_loss weight of shape (3,)"),
    (lambda: F.nll_loss(X, LABELS, weight=[1, 2, 3]), TypeError, "nll_loss weight to be a tensor"),
    (lambda: F.nll_loss(tensor(1.0), tensor(0)), ValueError, "nll_loss input of floats of shape (N, C, …)"),
    (lambda: F.nll_loss(X, LABELS, ignore_index="a"), TypeError, "nll_loss ignore_index as an integer"),
    (lambda: F.mse_loss(X, pydl.ones(4)), ValueError, "mse_loss shapes that broadcast together"),
    (lambda: F.mse_loss(X, X, False), ValueError, "mse_loss reduction=… in place of size_average"),
    (lambda: F.mse_loss(X, X, weight=pydl.ones(3)), ValueError, "mse_loss weight of shape (2, 3)"),
    (lambda: F.l1_loss(X, pydl.ones(4)), ValueError, "l1_loss shapes that broadcast together"),
    (lambda: F.l1_loss(X, X, reduction="a"), ValueError, 'l1_loss reduction "none", "mean" or "sum"'),
    (lambda: F.smooth_l1_loss([1], [1]), TypeError, "smooth_l1_loss input to be a tensor"),
    (lambda: F.smooth_l1_loss(X, X, beta="a"), TypeError, "smooth_l1_loss beta to be a number"),
    (lambda: F.huber_loss(X, X, delta="a"), TypeError, "huber_loss delta to be a number"),
    (lambda: F.huber_loss(X, X, delta=NAN), ValueError, "huber_loss delta to be a number"),
    (lambda: F.huber_loss(X, pydl.ones(4)), ValueError, "huber_loss shapes that broadcast together"),
    (lambda: F.kl_div(3, X), TypeError, "kl_div input to be a tensor"),
    (lambda: F.binary_cross_entropy(PROBABILITIES, X, weight=3.0), TypeError, "binary_cross_entropy weight to be a t"),
    (
        lambda: F.binary_cross_entropy_with_logits(X, X, pos_weight=pydl.ones(7)),
        ValueError,
        "binary_cross_entropy_with_logits shapes that broadcast together",
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(X, X, pos_weight=3.0),
        TypeError,
        "binary_cross_entropy_with_logits pos_weight to be a tensor",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), LOSSES)
def test_losses(call, error, text):
    check(call, error, text)


ELEMENTWISE = [
    (lambda: F.hardtanh(X, "a", 1), TypeError, "hardtanh min_val to be a number"),
    (lambda: F.celu(X, "a"), TypeError, "celu alpha to be a number"),
    (lambda: F.celu(X, NAN), ValueError, "celu alpha to be a number"),
    (lambda: F.softplus(X, beta=NAN), ValueError, "softplus beta to be a number"),
    (lambda: F.glu(tensor(1.0)), ValueError, "glu input with dimensions"),
    (lambda: F.prelu(X, 3.0), TypeError, "prelu weight to be a tensor"),
    (lambda: pydl.clamp(X, NAN), ValueError, "clamp min to be a number"),
    (lambda: pydl.clamp(tensor([1, 2], dtype="uint8"), 0, 300), ValueError, "clamp an integer in 0 … 255 (uint8)"),
    (lambda: tensor([1, 2]) + 2**70, ValueError, "add an integer in"),
    (lambda: tensor([1, 2], dtype="uint8") + 300, ValueError, "add an integer in 0 … 255 (uint8)"),
    (lambda: tensor([1, 2]) + tensor([1, 2, 3]), ValueError, "add shapes that broadcast together"),
    (lambda: tensor([1, 2]) ** -1, ValueError, "pow exponents >= 0 for integers"),
    (lambda: tensor([1, 2]) ** tensor([1, -1]), ValueError, "pow exponents >= 0 for integers"),
    (lambda: F.softmax([1], 0), TypeError, "softmax input to be a tensor"),
    (lambda: F.log_softmax(3.0), TypeError, "log_softmax input to be a tensor"),
    (lambda: pydl.logsumexp([1], 0), TypeError, "logsumexp input to be a tensor"),
    (lambda: F.max_pool2d([1], 2), TypeError, "max_pool2d input to be a tensor"),
    (lambda: F.avg_pool2d([1], 2), TypeError, "avg_pool2d input to be a tensor"),
]


@pytest.mark.parametrize(("call", "error", "text"), ELEMENTWISE)
def test_elementwise_operations_and_pooling(call, error, text):
    check(call, error, text)


def test_numpy_numbers_and_arrays_of_sizes_are_taken():
    tenth = np.float32(0.1)
    assert F.leaky_relu(X, tenth).tolist() == F.leaky_relu(X, float(tenth)).tolist()
    weight, pair = pydl.ones(1, 1, 2, 2), np.array([1, 2])
    assert F.conv2d(IMAGE, weight, stride=pair).shape == F.conv2d(IMAGE, weight, stride=(1, 2)).shape
    assert F.max_pool2d(IMAGE, np.array([2, 4])).shape == (1, 1, 2, 1)
    limited = pydl.clamp(tensor([1, 2, 3]), 1.5, 2.5)
    assert (limited.dtype, limited.tolist()) == (np.float32, [1.5, 2.0, 2.5])
