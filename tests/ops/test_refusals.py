"""Arguments that are wrong: every error names the function, the argument, what was expected and what came."""

import math
import warnings
from functools import partial

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


NUMBERS, IDS = tensor([1, 2]), tensor([1])
TENSORS = [
    (lambda: X.size(9), IndexError, "size dim in -2 … 1"),
    (lambda: X.stride(9), IndexError, "stride dim in -2 … 1"),
    (lambda: X.all(9), IndexError, "all dim in -2 … 1"),
    (lambda: X.any("a"), TypeError, "any dim as an integer"),
    (lambda: X.max(9), IndexError, "max dim in -2 … 1"),
    (lambda: X.min(0.5), TypeError, "min dim as an integer"),
    (lambda: X.select(0, 9), IndexError, "select index within dimension 0"),
    (lambda: X.select(0, "a"), TypeError, "select index as an integer"),
    (lambda: X.narrow(0, "a", 1), TypeError, "narrow start as an integer"),
    (lambda: X.split(1.5), TypeError, "split split_size_or_sections as an integer"),
    (lambda: X.split([1.5, 0.5]), TypeError, "split every size as an integer"),
    (lambda: X.chunk(1.5), TypeError, "chunk chunks as an integer"),
    (lambda: X.unflatten(1, "ab"), TypeError, "unflatten sizes as a tuple"),
    (lambda: pydl.stack([X, 3]), TypeError, "stack tensors, got int at 1"),
    (lambda: pydl.stack(3), TypeError, "stack tensors as a sequence"),
    (lambda: pydl.cat(3), TypeError, "cat tensors as a sequence"),
    (lambda: pydl.reshape([1], (1,)), TypeError, "reshape input to be a tensor"),
    (lambda: pydl.flatten(3), TypeError, "flatten input to be a tensor"),
    (lambda: F.pad(X, (1, 1), value="a"), TypeError, "pad value as a number"),
    (lambda: F.pad(pydl.ones(1, 1), (2**30,) * 4), ValueError, "pad a shape that memory can hold"),
    (lambda: X.eq(pydl.ones(7)), ValueError, "eq shapes that broadcast together"),
    (lambda: X.allclose(3), TypeError, "allclose other to be a tensor"),
    (lambda: X.allclose(pydl.ones(7)), ValueError, "allclose shapes that broadcast together"),
    (lambda: X.equal(3), TypeError, "equal other to be a tensor"),
    (lambda: pydl.isnan(3), TypeError, "isnan input to be a tensor"),
    (lambda: ~X, TypeError, "bitwise_not input of integers or bool"),
    (lambda: X & 1, TypeError, "bitwise_and integers or bool"),
    (lambda: NUMBERS // 0, ZeroDivisionError, "floor_divide divisors other than 0"),
    (lambda: NUMBERS % 0, ZeroDivisionError, "remainder divisors other than 0"),
    (lambda: NUMBERS // tensor([0, 1]), ZeroDivisionError, "floor_divide divisors other than 0"),
    (lambda: X.type_as(3), TypeError, "type_as other to be a tensor"),
    (lambda: X.half(), TypeError, "half dtype float32 or float64"),
    (lambda: X.clone().copy_(3), TypeError, "copy_ source to be a tensor"),
    (lambda: X.clone().copy_(pydl.ones(7)), ValueError, "copy_ shapes that broadcast together"),
    (lambda: X.clone().fill_("a"), TypeError, "fill_ a number or bool"),
    (lambda: NUMBERS.clone().fill_(NAN), ValueError, "fill_ a number in"),
    (lambda: setattr(pydl.ones(2, requires_grad=True), "data", NUMBERS), TypeError, "data floats for a tensor that"),
    (lambda: F.embedding(IDS, X, padding_idx="a"), TypeError, "embedding padding_idx as an integer"),
    (lambda: F.embedding(IDS, [1]), TypeError, "embedding weight to be a tensor"),
    (lambda: F.pixel_shuffle([1], 2), TypeError, "pixel_shuffle input to be a tensor"),
    (lambda: F.pixel_shuffle(X, "a"), TypeError, "pixel_shuffle upscale_factor as an integer"),
    (lambda: pydl.topk(X, 4), ValueError, "topk k in 0 … 3"),
    (lambda: X.scatter(1, tensor([[5], [0]]), 1.0), IndexError, "scatter indices in 0 … 2"),
    (lambda: X.scatter(1, tensor([0]), 1.0), ValueError, "scatter index within src"),
    (lambda: pydl.outer(X, X), ValueError, "outer two vectors"),
    (lambda: pydl.triu(X[0]), ValueError, "triu input of at least 2 dimensions"),
    (lambda: X.sum(dim=0, axis=0), TypeError, "sum dim or axis"),
    (lambda: F.one_hot(IDS, 1.5), TypeError, "one_hot num_classes as an integer"),
    (lambda: F.one_hot(IDS, 2**63 - 1), ValueError, "one_hot a shape that memory can hold"),
    (lambda: F.one_hot(IDS, 2**70), ValueError, "one_hot a shape that memory can hold"),
    (lambda: F.one_hot(tensor([2**63 - 1])), ValueError, "one_hot a shape that memory can hold"),
]


@pytest.mark.parametrize(("call", "error", "text"), TENSORS)
def test_methods_of_tensors(call, error, text):
    check(call, error, text)


INPLACE = {
    "relu": F.relu_, "leaky_relu": F.leaky_relu_, "elu": F.elu_, "selu": F.selu_, "celu": F.celu_,
    "hardtanh": F.hardtanh_, **dict.fromkeys(("relu6", "silu", "mish", "hardswish", "hardsigmoid")),
}  # fmt: skip


@pytest.mark.parametrize("name", INPLACE)
@pytest.mark.parametrize("input", [None, [1.0], 2.5])
def test_activations_in_place_of_what_is_no_tensor(name, input):
    function = INPLACE[name] or partial(getattr(F, name), inplace=True)
    check(lambda: function(input), TypeError, f"{name} input to be a tensor, got {type(input).__name__}")


BYTES, BIT = tensor([1, 2], dtype="uint8"), tensor([True, False])


def put(x, index, value, requires_grad=False):
    """What an assignment that is refused leaves as it was."""
    y = x.clone().requires_grad_() * 1 if requires_grad else x.clone()
    try:
        y[index] = value
    finally:
        assert y.equal(x)


ASSIGNMENTS = [
    (lambda: put(X, X < 9, pydl.ones(2, 3)), ValueError, "setitem a value that broadcasts to the elements"),
    (lambda: put(X, X < 9, pydl.ones(2, 3), True), ValueError, "setitem a value that broadcasts to the elements"),
    (lambda: put(X, X < 9, pydl.ones(4)), ValueError, "setitem a value that broadcasts to the elements"),
    (lambda: put(NUMBERS, 0, INF), ValueError, "setitem a number in -9223372036854775808 … 9223372036854775807"),
    (lambda: put(NUMBERS, 0, NAN), ValueError, "setitem a number in -9223372036854775808 … 9223372036854775807"),
    (lambda: put(NUMBERS, 0, 2**70), ValueError, "setitem a number in -9223372036854775808 … 9223372036854775807"),
    (lambda: put(BYTES, slice(None), -1.5), ValueError, "setitem a number in 0 … 255 (uint8), got -1.5"),
    (lambda: put(BYTES, 0, 300), ValueError, "setitem a number in 0 … 255 (uint8), got 300"),
    (lambda: put(X, 0, "a"), TypeError, "setitem a tensor or a number, got str"),
]


@pytest.mark.parametrize(("call", "error", "text"), ASSIGNMENTS)
def test_assignments(call, error, text):
    check(call, error, text)


REDUCTIONS = ["sum", "mean", "var", "std", "amax", "amin", "argmax", "argmin", "max", "min", "prod", "all", "any"]


@pytest.mark.parametrize("name", [*REDUCTIONS, "logsumexp"])
@pytest.mark.parametrize("keepdim", ["yes", None, 1])
def test_keepdim_is_a_bool(name, keepdim):
    function, kind = getattr(pydl, name), type(keepdim).__name__
    check(lambda: function(X, 0, keepdim=keepdim), TypeError, f"{name} keepdim as a bool, got {kind}")
    check(lambda: function(X, axis=0, keepdims=keepdim), TypeError, f"{name} keepdim as a bool, got {kind}")
    if name not in ("var", "std"):
        check(lambda: function(X, 0, keepdim), TypeError, f"{name} keepdim as a bool, got {kind}")
    function(X, 0, keepdim=np.True_)


VARIANCES = [
    (lambda: X.var(correction="a"), TypeError, "var correction to be a number, got str"),
    (lambda: X.std(correction="a"), TypeError, "std correction to be a number, got str"),
    (lambda: X.std(unbiased="a"), TypeError, "std unbiased as a bool, got str"),
    (lambda: X.std(9), IndexError, "std dim in -2 … 1"),
    (lambda: X.norm(2, 0, "yes"), TypeError, "norm keepdim as a bool, got str"),
]


@pytest.mark.parametrize(("call", "error", "text"), VARIANCES)
def test_variances_and_norms(call, error, text):
    check(call, error, text)


def test_no_correction_is_the_usual_one():
    assert X.var(correction=None).item() == X.var().item()
    assert X.std(0, correction=None).tolist() == X.std(0).tolist()


def test_signs_and_squares_of_bool():
    assert (BIT.sign().dtype, BIT.sign().tolist()) == ("bool", [True, False])
    assert (BIT.square().dtype, BIT.square().tolist()) == ("int64", [1, 0])


CREATION = [
    (lambda: pydl.full((2,), None), TypeError, "full a number or bool"),
    (lambda: pydl.full((2,), 1j), TypeError, "full a number or bool"),
    (lambda: pydl.full((2,), "a"), TypeError, "full a number or bool"),
    (lambda: pydl.full((2,), NAN, dtype="int64"), ValueError, "full a number in"),
    (lambda: pydl.full(3, 1.0), TypeError, "full size as a tuple"),
    (lambda: pydl.full_like(X, "a"), TypeError, "full_like a number or bool"),
    (lambda: tensor([NAN], dtype="int64"), ValueError, "tensor numbers in"),
    (lambda: tensor([1e30], dtype="int64"), ValueError, "tensor numbers in"),
    (lambda: tensor([300], dtype="uint8"), ValueError, "tensor numbers in 0 … 255 for dtype uint8"),
    (lambda: pydl.arange(INF), ValueError, "arange finite numbers"),
    (lambda: pydl.arange(NAN), ValueError, "arange finite numbers"),
    (lambda: pydl.arange(2**62), ValueError, "arange finite numbers of a range that memory can hold"),
    (lambda: pydl.linspace(0, 1, -1), ValueError, "linspace sizes >= 0"),
    (lambda: pydl.linspace("a", 1, 2), TypeError, "linspace start to be a number"),
    (lambda: pydl.eye(-1), ValueError, "eye sizes >= 0"),
    (lambda: pydl.eye(2**40), ValueError, "eye a shape that memory can hold"),
]


@pytest.mark.parametrize(("call", "error", "text"), CREATION)
def test_creation(call, error, text):
    check(call, error, text)


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.smooth_l1_loss])
def test_a_column_and_a_row_of_numbers_are_compared_with_a_warning(loss):
    column, row = pydl.zeros(4, 1), pydl.ones(4)
    with pytest.warns(UserWarning, match=r"expected input and target of the same shape, got \(4, 1\) and \(4,\)"):
        assert loss(column, row, reduction="none").shape == (4, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss(column, pydl.ones(1))
