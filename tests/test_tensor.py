"""Creation, exchange, conversion, indexing and the operators of Tensor."""

import copy
import pickle

import numpy as np
import pytest

import pydl


@pytest.mark.parametrize(
    ("data", "dtype"),
    [(1.5, "float32"), ([1, 2], "int64"), (True, "bool"), ([[1.0], [2.0]], "float32"), (np.zeros(2), "float64"),
     (np.float64(3), "float64"), (np.zeros(2, "u1"), "uint8")],
)  # fmt: skip
def test_dtype_of_new_tensors(data, dtype):
    assert pydl.tensor(data).dtype == dtype


@pytest.mark.parametrize(
    "data", ["text", [None], 1j, np.zeros(2, "M8[s]"), np.zeros(2, [("a", "f4")]), object(), np.zeros(2, "c8")]
)
def test_data_that_is_not_numbers_is_a_type_error(data):
    with pytest.raises(TypeError, match=r"\[tensor\] expected"):
        pydl.tensor(data)


def test_ragged_rows_are_an_error():
    with pytest.raises(ValueError, match="rows of one length"):
        pydl.tensor([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("make", [pydl.zeros, pydl.ones, pydl.empty])
def test_shapes_are_checked_before_memory_is_asked_for(make):
    assert make(2, 3).shape == make((2, 3)).shape == (2, 3)
    with pytest.raises(ValueError, match="memory can hold"):
        make(2**33, 2**33)
    with pytest.raises(ValueError, match="sizes >= 0"):
        make(-1)
    with pytest.raises(TypeError, match="sizes as integers, got float"):
        make(1.5)


def test_ranges():
    assert pydl.arange(5).dtype == pydl.int64
    np.testing.assert_array_equal(pydl.arange(1, 2, 0.25).numpy(), np.float32([1, 1.25, 1.5, 1.75]))
    np.testing.assert_array_equal(pydl.linspace(0, 1, 3).numpy(), np.float32([0, 0.5, 1]))
    with pytest.raises(ValueError, match="step != 0"):
        pydl.arange(0, 1, 0)


def test_from_numpy_shares_memory_and_respects_read_only():
    array = np.zeros(3, np.float32)
    x = pydl.from_numpy(array)
    x.add_(1.0)
    assert array.tolist() == [1, 1, 1]
    assert x.numpy() is array
    array.flags.writeable = False
    frozen = pydl.from_numpy(array)
    with pytest.raises(ValueError, match="read-only"):
        frozen.add_(1.0)
    with pytest.raises(ValueError, match="read-only"):
        frozen[0] = 2.0
    assert array.tolist() == [1, 1, 1]


def test_writing_to_an_expanded_tensor_is_an_error():
    x = pydl.zeros(1, 3).expand(4, 3)
    with pytest.raises(ValueError, match=r"expanded tensor|read-only"):
        x.add_(1.0)


def test_in_place_on_overlapping_memory_is_right():
    x = pydl.arange(6).float()
    x[1:] += x[:-1]
    np.testing.assert_array_equal(x.numpy(), [0, 1, 3, 5, 7, 9])
    x[1:] = x[:-1]
    np.testing.assert_array_equal(x.numpy(), [0, 0, 1, 3, 5, 7])


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow"])
def test_arithmetic_in_place_has_the_bits_of_a_new_value(name):
    x = pydl.tensor(np.random.default_rng(0).random((40, 50), np.float32) + 0.5)
    others = [2.5, 3, x + 1.0, x[:1], x[3:4, :1], pydl.tensor([[2]]), pydl.tensor(np.asfortranarray(x.numpy()))]
    for other in others:
        y = x.clone()
        memory, before = y.numpy().ctypes.data, y._shared_version().count
        assert getattr(y, name + "_")(other) is y
        assert (y.numpy().ctypes.data, y._shared_version().count) == (memory, before + 1)
        np.testing.assert_array_equal(y.numpy(), getattr(pydl, name)(x, other).numpy())
    expected = getattr(pydl, name)(x, x).numpy()
    np.testing.assert_array_equal(getattr(x, name + "_")(x).numpy(), expected)
    with pytest.raises(ValueError, match=rf"\[{name}\] expected shapes that broadcast together"):
        getattr(x, name + "_")(pydl.ones(3))


@pytest.mark.parametrize("other", [1, 1.0, pydl.tensor(1), pydl.tensor([1, 2]), np.int64(1)])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "pow"])
def test_arithmetic_in_place_that_a_bool_tensor_cannot_hold(name, other):
    x = pydl.tensor([True, False])
    with pytest.raises(TypeError, match=rf"\[{name}_\] expected a result of dtype bool, got (int64|float32)"):
        getattr(x, f"__i{name}__")(other)
    assert x.tolist() == [True, False]
    assert x._shared_version().count == 0


def test_arithmetic_in_place_that_a_tensor_can_hold():
    x, y = pydl.tensor([True, False]), pydl.tensor([1, 2], dtype="uint8")
    x *= pydl.tensor([True, True])
    x += pydl.tensor([False, True])
    assert (x.dtype, x.tolist()) == (pydl.bool, [True, True])
    y += pydl.tensor([3, 4])  # integers of any width, as in PyTorch
    assert (y.dtype, y.tolist()) == (pydl.uint8, [4, 6])


@pytest.mark.parametrize("value", [0, 0.0, False])
def test_a_mask_is_filled_with_any_number(value):
    x, mask = pydl.tensor([True, True]), pydl.tensor([True, False])
    assert x.masked_fill(mask, value).dtype == pydl.bool
    assert x.masked_fill_(mask, value).tolist() == [False, True]


def test_dlpack_both_ways_without_a_copy():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = pydl.from_dlpack(array)
    back = np.from_dlpack(x)
    assert np.shares_memory(back, array)
    torch = pytest.importorskip("torch")
    t = torch.from_dlpack(pydl.ones(2, 2))
    assert t.sum().item() == 4
    u = torch.arange(3.0)
    pydl.from_dlpack(u).mul_(2.0)
    assert u.tolist() == [0, 2, 4]
    with pytest.raises(BufferError, match="use detach"):
        np.from_dlpack(pydl.ones(1, requires_grad=True))


@pytest.mark.parametrize(
    ("a", "b", "dtype"),
    [
        (pydl.ones(2), pydl.ones(2, dtype="float64"), "float64"),
        (pydl.ones(2), pydl.arange(2), "float32"),
        (pydl.ones(2), pydl.tensor(1.0, dtype="float64"), "float32"),
        (pydl.arange(2), 1.5, "float32"),
        (pydl.arange(2), 2, "int64"),
        (pydl.tensor([True]), 2, "int64"),
        (pydl.ones(2), np.float64(2), "float32"),
    ],
)
def test_promotion(a, b, dtype):
    assert (a + b).dtype == dtype
    assert (b * a).dtype == dtype


def test_operators_on_numbers_and_arrays():
    x = pydl.tensor([4.0, 9.0])
    np.testing.assert_array_equal((1 - x).numpy(), [-3, -8])
    np.testing.assert_array_equal((36 / x).numpy(), [9, 4])
    np.testing.assert_array_equal((np.float32([1, 2]) + x).numpy(), [5, 11])
    np.testing.assert_array_equal((x**0.5).numpy(), [2, 3])
    np.testing.assert_array_equal((-x).abs().numpy(), [4, 9])
    np.testing.assert_array_equal((x % 4).numpy(), [0, 1])
    np.testing.assert_array_equal((pydl.tensor([7, -7]) // 2).numpy(), [3, -4])
    assert ((x > 5) & (x < 10)).tolist() == [False, True]
    assert (pydl.tensor([1, 2]) / 2).dtype == pydl.float32


def test_int64_times_a_large_power_of_two_keeps_every_bit():
    assert (pydl.tensor([2**53 + 1]) * 2).tolist() == [2**54 + 2]


def test_scalars_lengths_and_truth():
    assert float(pydl.tensor(2.5)) == 2.5
    assert [10, 20][pydl.tensor(1)] == 20
    with pytest.raises(TypeError, match="at least one dimension"):
        len(pydl.tensor(1.0))
    with pytest.raises(ValueError, match="one element"):
        bool(pydl.ones(2))
    with pytest.raises(ValueError, match="one element"):
        pydl.ones(2).item()
    assert [x.item() for x in pydl.arange(3)] == [0, 1, 2]


def test_indexing_errors_name_index_and_shape():
    x = pydl.ones(2, 3)
    with pytest.raises(IndexError, match=r"within shape \(2, 3\)"):
        x[5]
    with pytest.raises(IndexError, match=r"\[gather\] expected indices in 0 … 2, got 3 at position \(0, 1\)"):
        pydl.gather(x, 1, pydl.tensor([[0, 3]]))
    with pytest.raises(TypeError, match="integers or bool"):
        x[pydl.tensor([0.0])]


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize(
    "choose",
    [pydl.sort, lambda x: x.sort(0, descending=True), lambda x: x.topk(1), lambda x: x.max(0), lambda x: x.min(-1)],
)
def test_a_scalar_is_sorted_as_one_element(choose, dtype):
    values, indices = choose(pydl.tensor(3, dtype=dtype))
    assert (values.shape, values.dtype, values.item()) == ((), dtype, 3 if dtype != "bool" else True)
    assert (indices.shape, indices.dtype, indices.item()) == ((), "int64", 0)


def test_the_gradient_of_a_chosen_scalar():
    x = pydl.tensor(3.0, requires_grad=True)
    (x.sort()[0] * x.topk(1)[0] * x.gather(0, pydl.tensor(0))).backward()
    assert x.grad.item() == 27
    with pytest.raises(IndexError, match=r"\[gather\] expected indices in 0 … 0, got 1"):
        x.gather(0, pydl.tensor(1))


def test_an_integer_apart_from_the_arrays_takes_its_dimension_away_first():
    x = pydl.arange(24).reshape(2, 3, 4)
    rows = pydl.tensor([0, 2])
    expected = [[0, 2], [4, 6], [8, 10]]
    for zero in (0, np.int64(0), pydl.tensor(0)):
        for chosen in (rows, [0, 2], np.array([0, 2]), (0, 2)):
            assert x[zero, :, chosen].tolist() == expected
    assert x[0, ..., rows].tolist() == expected
    assert x[0, None, rows].shape == (1, 2, 4)
    assert x[:, rows, None, 0].shape == (2, 2, 1)
    assert x[:, rows, ..., rows].tolist() == [[0, 10], [12, 22]]  # … stands for no dimension
    assert x[rows[:1], :, rows].shape == (2, 3)  # arrays that a slice parts go to the front, as in NumPy
    assert x[0, rows].tolist() == x[0][rows].tolist()
    mask = pydl.tensor([[True, False, False, True], [False] * 4, [False, True, False, False]])
    assert x[0, None, mask].tolist() == [[0, 3, 9]]
    assert x[0, True, :, rows].shape == x.numpy()[0, True, :, [0, 2]].shape
    with pytest.raises(IndexError, match=r"\[getitem\] expected an index within shape \(2, 3, 4\)"):
        x[0, :, rows, 0]
    x[1, :, rows] = pydl.tensor([[1, 2], [3, 4], [5, 6]])
    assert x[1].tolist() == [[1, 13, 2, 15], [3, 17, 4, 19], [5, 21, 6, 23]]
    x[1, :, rows] = pydl.tensor([7, 8])
    assert x[1, 0].tolist() == [7, 13, 8, 15]


def test_conversion_and_devices():
    x = pydl.ones(2)
    assert x.to("float64").dtype == pydl.float64
    assert x.to("cpu") is x
    assert x.to(pydl.float32) is x
    assert x.device == "cpu"
    with pytest.raises(ValueError, match=r'\[device\] expected "cpu", "cuda"'):
        x.to(device="gpu")
    with pytest.raises(TypeError, match=r"\[to\] expected a device \(cpu, cuda\) or the name of a dtype, got 'gpu'"):
        x.to("gpu")
    with pytest.raises(TypeError, match="floats, integers or bool"):
        x.to("complex64")


def test_deep_copies_and_refused_pickles():
    x = pydl.ones(2, requires_grad=True)
    twin = copy.deepcopy(x)
    with pydl.no_grad():
        twin.add_(1.0)
    assert x.tolist() == [1, 1]
    assert twin.requires_grad
    with pytest.raises(TypeError, match=r"use pydl\.save"):
        pickle.dumps(x)


def test_repr():
    assert repr(pydl.tensor([1.0, 2.0])) == "tensor([1., 2.])"
    assert "requires_grad=True" in repr(pydl.ones(1, requires_grad=True))
    assert "grad_fn=<Mul>" in repr(pydl.ones(1, requires_grad=True) * 2.0)
    assert "dtype=float64" in repr(pydl.zeros(1, dtype="float64"))


@pytest.mark.parametrize("function", ["reshape", "view"])
def test_impossible_shapes_are_errors(function):
    with pytest.raises(ValueError, match=r"expected a shape of 6 elements for input \(2, 3\)"):
        getattr(pydl.ones(2, 3), function)(4, 2)
    with pytest.raises(ValueError, match="at most one size of -1"):
        getattr(pydl.ones(2, 3), function)(-1, -1)


def test_set_num_threads_is_checked():
    for bad in (0, -1, 10**6):
        with pytest.raises(ValueError, match=r"\[set_num_threads\] expected n in 1 … 1024"):
            pydl.set_num_threads(bad)
    with pytest.raises(TypeError, match="integer"):
        pydl.set_num_threads(True)


def test_a_shallow_copy_shares_the_memory_and_the_graph():
    leaf = pydl.ones(2, requires_grad=True)
    twin, result = copy.copy(leaf), copy.copy(leaf * 3)
    assert twin.is_leaf
    assert twin.requires_grad
    assert twin.data_ptr() == leaf.data_ptr()
    result.sum().backward()
    assert leaf.grad.tolist() == [3, 3]
    assert twin.grad is None


def test_numpy_by_force():
    assert (pydl.ones(2, requires_grad=True) * 3).numpy(force=True).tolist() == [3, 3]
