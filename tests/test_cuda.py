"""The second backend: its kernels on the host, and what a machine without a GPU is told."""

import importlib.util
import os

import numpy as np
import pytest

import pydl
from pydl import backend


def emulated():
    """The device kernels built as plain C++ (cmake -DPYDL_EMULATE_CUDA=ON); PYDL_CUDA_EMULATED is the module's path."""
    path = os.environ.get("PYDL_CUDA_EMULATED")
    if not path:
        pytest.skip("PYDL_CUDA_EMULATED does not name a build of the device kernels for the host")
    spec = importlib.util.spec_from_file_location("_cuda_emulated", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def operands(rng, dtype):
    yield rng.uniform(0.1, 2, (5, 67)).astype(dtype), rng.uniform(0.1, 2, (5, 67)).astype(dtype)
    yield rng.uniform(0.1, 2, (4, 1, 6)).astype(dtype)[:, :, ::2], rng.uniform(0.1, 2, (7, 1)).astype(dtype)
    yield rng.uniform(0.1, 2, (3, 5)).astype(dtype).T[::-1], np.asarray(1.5, dtype)
    yield np.zeros((0, 3), dtype), np.ones(3, dtype)
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, -2.0], dtype)
    yield special, special[::-1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_device_kernels_agree_with_the_cpu_on_every_function(dtype):
    device, cpu = emulated(), backend.kernels(np.zeros(1))
    names = [n for n in dir(device) if callable(getattr(device, n)) and not n.startswith("_")]
    assert len(names) >= 38
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for x, y in operands(rng, dtype):
            for name in names:
                try:
                    expected = getattr(cpu, name)(x, y, 0.3, 0.9)
                except TypeError:
                    expected = getattr(cpu, name)(x, 0.3, 0.9)
                    got = getattr(device, name)(x, 0.3, 0.9)
                else:
                    got = getattr(device, name)(x, y, 0.3, 0.9)
                assert got.shape == expected.shape
                rtol, atol = (2e-6, 1e-7) if dtype == "float32" else (1e-14, 1e-15)
                np.testing.assert_allclose(got, expected, rtol=rtol, atol=atol, err_msg=name)


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
    with pytest.raises(ValueError, match="one device"):
        x + pydl.ones(10)
