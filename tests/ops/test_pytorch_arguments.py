"""Arguments as models written for PyTorch pass them: the same values and gradients."""

import numpy as np
import pytest

import pydl

torch = pytest.importorskip("torch")

CALLS = {
    "flip dims": lambda lib, x: lib.flip(x, dims=[0, 2]),
    "permute dims": lambda lib, x: lib.permute(x, dims=(2, 0, 1)),
    "reshape shape": lambda lib, x: lib.reshape(x, shape=(4, -1)),
    "sum dtype": lambda lib, x: x.sum(1, dtype=lib.float32),
    "sum of bool as float": lambda lib, x: (x > 0).sum(dtype=lib.float64) * x.sum(),
    "mean dtype": lambda lib, x: x.mean(dim=(0, 2), keepdim=True, dtype=lib.float32),
    "mean of integers": lambda lib, x: (x > 0).mean(dtype=lib.float64) + x.mean(),
    "prod dtype": lambda lib, x: x.prod(2, dtype=lib.float32),
    "softmax dtype": lambda lib, x: x.softmax(-1, dtype=lib.float32),
    "log_softmax dtype": lambda lib, x: lib.log_softmax(x, dim=1, dtype=lib.float32),
    "div floor": lambda lib, x: lib.div(x.detach() * 7, 2.0, rounding_mode="floor") * x,
    "div trunc": lambda lib, x: (x.detach() * 7).div(-2.0, rounding_mode="trunc") * x,
    "div trunc of integers": lambda lib, x: (x.detach() * 9).long().div(-2, rounding_mode="trunc") * x,
    "div floor of integers": lambda lib, x: (x.detach() * 9).long().div(2, rounding_mode="floor") * x,
    "var unbiased": lambda lib, x: x.var(1, False) + x.std(dim=1, unbiased=True),
    "norm fro": lambda lib, x: lib.norm(x, p="fro", dim=(1, 2)) + x.norm(),
    "norm 0": lambda lib, x: x.norm(0, dim=1) + x.sum(1),
    "norm -inf": lambda lib, x: x.norm(-np.inf, dim=2),
    "norm 3 of zeros": lambda lib, x: (x * 0).norm(3, dim=2),
    "norm 3 beside a zero": lambda lib, x: lib.cat([x, x * 0], 2).norm(3, dim=2),
    "maximum with NaN": lambda lib, x: lib.maximum(lib.where(x > 1, x * np.nan, x), x * 0.5),
    "axis and keepdims": lambda lib, x: x.sum(axis=1, keepdims=True) * lib.mean(x, axis=(0, 2), keepdims=True),
    "amax over axis": lambda lib, x: x.amax(axis=2) + x.std(axis=2) + x.max(axis=2)[0],
    "to non_blocking": lambda lib, x: x.to("cpu", non_blocking=True).to("cpu", lib.float32, True, copy=True),
    "topk": lambda lib, x: x.topk(2, dim=1)[0] * x.topk(2, 1, largest=False)[1],
    "sort descending": lambda lib, x: lib.sort(x, dim=-1, descending=True)[0] * x.argsort(-1),
    "sort with NaN": lambda lib, x: lib.where(x > 1, x * np.nan, x).sort(descending=True)[0],
    "cumsum": lambda lib, x: x.cumsum(1) + lib.cumsum(x, dim=0, dtype=lib.float64),
    "outer": lambda lib, x: lib.outer(x[0, 0], x[1, 2]),
    "triangles": lambda lib, x: x.triu(1) + lib.tril(x, diagonal=-1),
    "lerp": lambda lib, x: lib.lerp(x, x * x, 0.25),
    "scatter": lambda lib, x: x[0].scatter(1, lib.tensor([[0, 2], [1, 3]]), x[1, :2, :2]),
    "scatter_add": lambda lib, x: lib.scatter_add(x[0], 0, lib.tensor([[1, 1, 1, 0], [1, 0, 2, 2]]), x[1, :2]),
    "loss by position": lambda lib, x: lib.nn.functional.mse_loss(x, x * 2, None, None, "sum"),
    "weighted mse": lambda lib, x: lib.nn.functional.mse_loss(x, x * 2, weight=lib.ones_like(x) * 3),
    "weighted huber": lambda lib, x: lib.nn.functional.huber_loss(x, x * 3, "mean", 0.7, lib.ones_like(x) * 3),
    "cross_entropy by position": lambda lib, x: lib.nn.functional.cross_entropy(
        x[0], lib.tensor([1, 2, -1]), None, None, -1, None, "sum", 0.1
    ),
    "minimum with NaN": lambda lib, x: lib.minimum(x * 0.5, lib.where(x > 1, x * np.nan, x)),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_gradients_are_the_same(name):
    array = np.random.default_rng(0).standard_normal((2, 3, 4))
    results = []
    for lib in (pydl, torch):
        x = lib.tensor(array, requires_grad=True)
        y = CALLS[name](lib, x)
        (y * y).sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    (got, got_grad), (expected, expected_grad) = results
    assert got.dtype == expected.dtype
    rtol = 1e-5 if got.dtype == np.float32 else 1e-10
    np.testing.assert_allclose(got, expected, rtol=rtol)
    np.testing.assert_allclose(got_grad, expected_grad, rtol=rtol, atol=1e-7 if rtol > 1e-6 else 1e-12)


@pytest.mark.parametrize("lib", [pydl, torch])
def test_the_gradient_of_an_extremum_goes_to_its_nan(lib):
    x = lib.tensor([1.0, np.nan, 2.0], requires_grad=True)
    x.max().backward()
    assert x.grad.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: x.norm("nuc"), TypeError, r"\[norm\] expected p as a number or \"fro\", got 'nuc'"),
        (lambda x: x.norm(np.nan), ValueError, r"\[norm\] expected p as a number, got nan"),
        (lambda x: x.long().norm(), TypeError, r"\[norm\] expected input of dtype float32 or float64, got int64"),
        (lambda x: x.div(2, rounding_mode="up"), ValueError, r"\[div\] expected rounding_mode .* got 'up'"),
        (lambda x: pydl.permute(x, dims=(0, 0)), ValueError, r"\[permute\] expected every dim"),
        (
            lambda x: pydl.nn.functional.embedding(x.long(), x, sparse=True),
            ValueError,
            r"\[embedding\] expected no max_norm",
        ),
    ],
)
def test_bad_arguments(call, error, text):
    with pytest.raises(error, match=text):
        call(pydl.ones(2, 2))
