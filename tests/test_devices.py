"""Devices as PyTorch's programs name them."""

import pytest

import pydl


def test_a_device_is_a_string_with_a_type_and_an_index():
    name = pydl.device("cuda:1")
    assert (name, name.type, name.index) == ("cuda:1", "cuda", 1)
    assert pydl.device("cuda", 1) == pydl.device(1) == name
    assert pydl.device("cuda").index is None
    assert pydl.device("cpu:0") == pydl.device(pydl.device("cpu")) == "cpu"


def test_tensors_take_and_have_devices():
    device = pydl.device("cuda" if pydl.cuda.is_available() and pydl.cuda.device_count() > 9 else "cpu")
    x = pydl.zeros(2, device=device).to(device)
    assert x.device == device
    assert x.device.type == "cpu"
    assert next(pydl.nn.Linear(2, 2).to(device).parameters()).device == device


@pytest.mark.parametrize("bad", ["gpu", "cuda:x", "cuda:-1", "cpu:1", ""])
def test_unknown_devices_are_errors(bad):
    with pytest.raises(ValueError, match=r'\[device\] expected "cpu", "cuda" or "cuda:<index>", got'):
        pydl.device(bad)
    with pytest.raises(TypeError, match=r"\[device\] expected a name or an index"):
        pydl.device(1.5)


def test_seeding_every_gpu_seeds_the_generator():
    pydl.cuda.manual_seed_all(3)
    pydl.cuda.synchronize()
    x = pydl.rand(3)
    pydl.manual_seed(3)
    assert x.tolist() == pydl.rand(3).tolist()
