"""Dropout: masks, scale, gradients of any order, and independence of layout and threads."""

import numpy as np
import pytest

import pydl
from pydl import _cpu, ops


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_and_scale(dtype, p):
    pydl.manual_seed(1)
    x = pydl.tensor(np.random.default_rng(0).normal(size=(400, 250)), dtype=dtype)
    y = ops.dropout(x, p).numpy()
    kept = y != 0
    assert abs(kept.mean() - (1 - p)) < 0.006
    assert y[kept].tobytes() == (x.numpy()[kept] * dtype(1 / (1 - p))).tobytes()


def test_ends():
    x = pydl.tensor([1.0, float("nan"), float("inf")], requires_grad=True)
    assert ops.dropout(x, 0.0) is x
    assert ops.dropout(x, 0.7, training=False) is x
    y = ops.dropout(x, 1.0)
    assert y.tolist() == [0, 0, 0]
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_gradient_has_the_mask_of_the_forward_pass():
    pydl.manual_seed(2)
    x = pydl.randn(50, 40, dtype=np.float64, requires_grad=True)
    y = ops.dropout(x, 0.3)
    (g,) = pydl.grad((y * y).sum(), x, create_graph=True)
    np.testing.assert_allclose(g.detach().numpy(), 2 * y.detach().numpy() / 0.7, rtol=1e-12)
    (second,) = pydl.grad(g.sum(), x)
    kept = y.detach().numpy() != 0
    np.testing.assert_allclose(second.numpy(), np.where(kept, 2 / 0.7**2, 0), rtol=1e-12)


def test_layout_and_threads_change_nothing():
    x = np.random.default_rng(3).normal(size=(6, 5, 40, 41)).astype(np.float32)
    channels_last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    before, results = pydl.get_num_threads(), set()
    try:
        for threads, array in [(1, x), (3, x), (2, channels_last), (2, x[::-1].copy()[::-1])]:
            pydl.set_num_threads(threads)
            pydl.manual_seed(4)
            results.add(ops.dropout(pydl.from_numpy(array), 0.4).numpy().tobytes())
    finally:
        pydl.set_num_threads(before)
    assert len(results) == 1


def test_whole_channels():
    pydl.manual_seed(5)
    x = pydl.ones(40, 30, 3, 4)
    y = ops.dropout2d(x, 0.25).numpy()
    assert (y == y[:, :, :1, :1]).all()
    assert abs((y[:, :, 0, 0] != 0).mean() - 0.75) < 0.05
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}


def test_in_place():
    pydl.manual_seed(6)
    x = pydl.ones(100)
    assert ops.dropout(x, 0.5, inplace=True) is x
    assert set(x.tolist()) == {0, 2}


def test_drawing_moves_the_generator():
    pydl.manual_seed(7)
    x = pydl.ones(1000)
    assert ops.dropout(x).tolist() != ops.dropout(x).tolist()


def test_bad_arguments():
    x = pydl.ones(3)
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"\[dropout\] expected p in \[0, 1\]"):
            ops.dropout(x, p)
    with pytest.raises(TypeError, match=r"\[dropout\] expected p as a number"):
        ops.dropout(x, "a")
    with pytest.raises(TypeError, match=r"\[dropout\] expected input of dtype"):
        ops.dropout(pydl.tensor([1, 2]))
    with pytest.raises(ValueError, match=r"\[dropout2d\] expected input of shape"):
        ops.dropout2d(x)
    state = pydl.get_rng_state().tolist()
    with pytest.raises(ValueError, match=r"\[apply_mask\] expected mask that broadcasts"):
        _cpu.apply_mask(x.numpy(), np.ones(2, np.uint8), 1.0)
    assert pydl.get_rng_state().tolist() == state
