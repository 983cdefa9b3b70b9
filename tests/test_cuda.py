"""The second backend: its kernels on the host, and what a machine without a GPU is told."""

import importlib.util
import os

import numpy as np
import pytest

import pydl
from pydl import backend


class Device:
    """The device kernels, and how arrays get there and back."""

    def __init__(self, kernels, put=np.asarray, get=np.asarray):
        self.kernels, self.put, self.get = kernels, put, get


def emulated():
    """The device kernels built as plain C++ (cmake -DPYDL_EMULATE_CUDA=ON); PYDL_CUDA_EMULATED is the module's path."""
    path = os.environ.get("PYDL_CUDA_EMULATED")
    if not path:
        pytest.skip("PYDL_CUDA_EMULATED does not name a build of the device kernels for the host")
    spec = importlib.util.spec_from_file_location("_cuda_emulated", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Device(module)


def on_a_gpu():
    if backend.cuda_missing():
        pytest.skip(backend.cuda_missing())
    cupy = importlib.import_module("cupy")
    return Device(importlib.import_module("pydl._cuda"), cupy.asarray, cupy.asnumpy)


@pytest.fixture(params=[emulated, on_a_gpu])
def device(request):
    return request.param()


def operands(rng, dtype):
    """Pairs of functions that give an operand made by `put` of an array: views are taken where the array is."""

    def drawn(*shape):
        return rng.uniform(0.1, 2, shape).astype(dtype)

    def given(array, view=lambda a: a):
        return lambda put: view(put(array))

    yield given(drawn(5, 67)), given(drawn(5, 67))
    yield given(drawn(4, 1, 6), lambda a: a[:, :, ::2]), given(drawn(7, 1))
    yield given(drawn(3, 5), lambda a: a.T[::-1]), given(np.asarray(1.5, dtype))
    yield given(drawn(1025), lambda a: a[1:]), given(drawn(1024))
    yield given(drawn(1021)), given(np.asarray(0.5, dtype), lambda a: a.reshape(1))
    yield given(np.asarray(0.7, dtype)), given(np.asarray(0.5, dtype))
    yield given(drawn(6, 1, 8)), given(drawn(1, 5, 8))
    yield given(drawn(1030)), lambda put: 0.75  # a number stays one
    yield given(drawn(3, 70), lambda a: a[:, ::2]), lambda put: 2
    yield given(np.zeros((0, 3), dtype)), given(np.ones(3, dtype))
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, -2.0], dtype)
    yield given(np.repeat(special, 6)), given(np.tile(special, 6))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_device_kernels_agree_with_the_cpu_on_every_function(device, dtype):
    cpu = backend.kernels(np.zeros(1))
    names = [n for n in dir(device.kernels) if callable(getattr(device.kernels, n)) and not n.startswith("_")]
    assert len(names) >= 38
    rng = np.random.default_rng(0)
    rtol, atol = (2e-6, 1e-7) if dtype == "float32" else (1e-14, 1e-15)
    with np.errstate(all="ignore"):
        for make_x, make_y in operands(rng, dtype):
            x, y = make_x(np.asarray), make_y(np.asarray)
            at = make_x(device.put), make_y(device.put)
            for name in names:
                try:
                    expected = getattr(cpu, name)(x, y, 0.3, 0.9)
                except TypeError:
                    expected = getattr(cpu, name)(x, 0.3, 0.9)
                    got = getattr(device.kernels, name)(at[0], 0.3, 0.9)
                else:
                    got = getattr(device.kernels, name)(*at, 0.3, 0.9)
                assert got.shape == expected.shape
                np.testing.assert_allclose(device.get(got), expected, rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.skipif(not backend.cuda_missing(), reason="there is a GPU here")
def test_without_a_gpu_the_error_names_what_is_missing():
    with pytest.raises(
        RuntimeError, match=r"\[cuda\] expected a usable NVIDIA GPU, got none: .*(nvcc|pip install|driver)"
    ):
        pydl.ones(2).to("cuda")
    with pytest.raises(RuntimeError, match="expected a usable NVIDIA GPU"):
        pydl.ones(2).cuda()


def test_a_missing_cupy_is_named_with_the_pip_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    assert 'pip install "pydl[cuda]"' in backend.cuda_missing()


@pytest.mark.skipif(bool(backend.cuda_missing()), reason=backend.cuda_missing() or "a GPU")
def test_elementwise_on_the_gpu():
    x = pydl.arange(10).float().to("cuda")
    y = (x * 2.0 + 1.0).tanh()
    np.testing.assert_allclose(y.cpu().numpy(), np.tanh(np.arange(10) * 2 + 1), rtol=1e-6)
    np.testing.assert_allclose((1.0 / (x + 1)).cpu().numpy(), 1 / np.arange(1.0, 11), rtol=1e-6)
    assert "cuda" in repr(x + 1)
    with pytest.raises(ValueError, match="one device"):
        x + pydl.ones(10)
    with pytest.raises(ValueError, match="one device"):
        pydl.ones(10) * x
