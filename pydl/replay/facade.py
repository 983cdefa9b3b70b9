"""NumPy as operations see it while a step is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import OWN, cpu_kernels
from .traced import ABOUT, copied, owned, perform, plain, watched


def _made(array: np.ndarray) -> np.ndarray:
    """A constant that was just made; its elements are set again in every replay."""
    first = array.flat[0] if array.size else 0
    if array.dtype in OWN and -(2**53) < first < 2**53 and (array == first).all():
        cpu_kernels().fill(array, float(first))
    else:
        perform(np.copyto, (array, array.copy()), {}, array)
    return owned(array)


class _Ufunc:
    """A ufunc that is recorded whatever arrays it is given."""

    def __init__(self, ufunc: np.ufunc) -> None:
        self._ufunc = ufunc

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._call(self._ufunc, args, options)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._ufunc, name)
        if name == "at":
            return lambda *args: perform(call, args, {}, args[0])
        return (lambda *args, **options: self._call(call, args, options)) if callable(call) else call

    def _call(self, call: Any, args: tuple, options: dict[str, Any]) -> Any:
        out = options.get("out")
        return perform(call, args, options) if out is None else (perform(call, args, options, out), out)[1]


class RecordedNumPy:
    """The functions of NumPy, for code that asks for the module of an array while a step is recorded."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(np, name)
        if isinstance(value, np.ufunc):
            return _Ufunc(value)
        if name in ("zeros", "ones", "full", "zeros_like", "ones_like", "full_like"):
            return lambda *args, **options: _made(value(*plain(args), **options))
        if isinstance(value, type) or not callable(value) or name in ABOUT:
            return value
        return lambda *args, **options: value(*watched(args), **options)

    def empty(self, *args: Any, **options: Any) -> Any:
        return owned(np.empty(*args, **options))

    def asarray(self, value: Any, dtype: Any = None) -> Any:
        if not isinstance(value, np.ndarray):
            return np.asarray(value, dtype)
        return value if dtype is None or value.dtype == dtype else copied(value, dtype, "K")

    def array(self, value: Any, dtype: Any = None, order: Any = "K", copy: bool = True) -> Any:
        if not isinstance(value, np.ndarray):
            return np.array(value, dtype, order=order, copy=copy)
        return copied(value, dtype or value.dtype, order)

    def ascontiguousarray(self, value: Any, dtype: Any = None) -> Any:
        same = value.flags.c_contiguous and dtype in (None, value.dtype)
        return value if same else copied(value, dtype or value.dtype, "C")
