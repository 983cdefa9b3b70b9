"""Clipping of gradients."""

import numpy as np
import pytest

import pydl
from pydl.nn.utils import clip_grad_norm_, clip_grad_value_


def with_grads(*arrays):
    params = []
    for array in arrays:
        p = pydl.zeros(np.shape(array), requires_grad=True)
        p.grad = pydl.tensor(array, dtype=np.float32)
        params.append(p)
    return params


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.0, 0.7, 1e3])
def test_norm(norm_type, max_norm):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in ((3, 4), (200,), ())]
    params = [*with_grads(*arrays), pydl.zeros(3, requires_grad=True)]
    got = clip_grad_norm_(params, max_norm, norm_type)
    want = np.linalg.norm(np.concatenate([a.ravel() for a in arrays]), norm_type)
    np.testing.assert_allclose(got.item(), want, rtol=1e-6)
    factor = min(1.0, max_norm / (want + 1e-6))
    for p, a in zip(params, arrays, strict=False):
        np.testing.assert_allclose(p.grad.numpy(), a * factor, rtol=1e-5)
    assert params[-1].grad is None


def test_not_finite():
    params = with_grads([1.0, np.inf])
    with pytest.raises(RuntimeError, match="finite norm"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[0].grad.tolist() == [1.0, np.inf]
    assert clip_grad_norm_(params, 1.0).item() == np.inf
    assert clip_grad_norm_([], 1.0).item() == 0


def test_value():
    params = with_grads([-3.0, 0.2, 5.0, np.nan])
    clip_grad_value_(params, 0.5)
    np.testing.assert_array_equal(params[0].grad.numpy(), np.float32([-0.5, 0.2, 0.5, np.nan]))
    assert params[0].grad._version.count == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda p: clip_grad_norm_(p, -1.0), ValueError),
        (lambda p: clip_grad_norm_(p, float("nan")), ValueError),
        (lambda p: clip_grad_norm_(p, "1"), TypeError),
        (lambda p: clip_grad_norm_(p, 1.0, 0.0), ValueError),
        (lambda p: clip_grad_norm_([1.0], 1.0), TypeError),
        (lambda p: clip_grad_value_(p, -0.1), ValueError),
    ],
)
def test_bad_arguments(call, error):
    with pytest.raises(error, match=r"\[clip_grad_(norm|value)_\] expected"):
        call(with_grads([1.0]))
