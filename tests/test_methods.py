"""Methods of Tensor beyond the operations themselves."""

import numpy as np
import pytest

import pydl


@pytest.mark.parametrize("name", ["abs", "exp", "neg", "relu", "sigmoid", "tanh", "floor", "square", "leaky_relu"])
def test_methods_in_place_write_over_the_tensor(name):
    x = pydl.tensor([-1.5, 0.5])
    memory, expected = x.numpy(), getattr(pydl, name, None) or getattr(pydl.nn.functional, name)
    wanted = expected(pydl.tensor([-1.5, 0.5])).numpy()
    assert getattr(x, name + "_")() is x
    np.testing.assert_array_equal(memory, wanted)


def test_methods_in_place_keep_the_graph():
    x = pydl.tensor([-1.0, 2.0], requires_grad=True)
    y = x * 2
    y.relu_().masked_fill_(pydl.tensor([True, False]), 5.0)
    y.sum().backward()
    assert y.tolist() == [5, 4]
    assert x.grad.tolist() == [0, 2]
    with pytest.raises(RuntimeError, match=r"\[tanh_\] expected a tensor that does not require grad"):
        x.tanh_()


def test_new_tensors_take_dtype_and_device():
    x = pydl.ones(2, dtype="float64")
    assert x.new_zeros(2, 3).shape == (2, 3)
    assert x.new_ones((2,)).dtype == pydl.float64
    assert x.new_full((2,), 3.0).tolist() == [3, 3]
    assert x.new_tensor([1, 2]).dtype == pydl.float64
    assert x.new_empty(1, dtype="int64").dtype == pydl.int64
    assert x.nelement() == 2
    assert x.ndimension() == 1
    assert not x.is_cuda


def test_a_tensor_equals_nothing_of_another_kind():
    x = pydl.ones(2)
    assert (x == None, x != None, x == "a", x in [None, "a"]) == (False, True, False, False)  # noqa: E711
