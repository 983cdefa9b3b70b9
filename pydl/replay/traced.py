"""Arrays that record what NumPy makes of them.

A kernel records itself. Some operations are NumPy's: comparisons, indexing, joining. While a step is recorded its
arrays are of the class here, which NumPy asks before it works on them: the work is done, and noted on the tape as a
kernel of ours where there is one, else as the same call of NumPy with the same arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .. import recording
from ..backend import OWN, cpu_kernels

# Functions whose answer is about memory and types, not about elements.
ABOUT = {"may_share_memory", "shares_memory", "result_type", "can_cast", "ndim", "shape", "size", "iscomplexobj"}
_SHAPED_BY_DATA = {"nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "delete", "trim_zeros"}


def plain(value: Any) -> Any:
    """`value` with arrays of NumPy's own class in it."""
    if isinstance(value, Traced):
        return value.view(np.ndarray)
    if type(value) in (tuple, list):
        return type(value)([plain(x) for x in value])
    return value


def watched(value: Any) -> Any:
    """`value` with the arrays in it as arrays that record."""
    if type(value) is np.ndarray:
        return value.view(Traced)
    return type(value)([watched(x) for x in value]) if type(value) in (tuple, list) else value


def owned(array: np.ndarray) -> np.ndarray:
    """An array made by the step itself."""
    current = recording.recorder()
    if current is None:
        return array
    current.own(array)
    return array.view(Traced)


def arrays_in(value: Any) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, (tuple, list)):
        return [array for part in value for array in arrays_in(part)]
    return []


def _shares(array: np.ndarray, inputs: list[np.ndarray]) -> bool:
    return any(np.may_share_memory(array, x) for x in inputs)


def perform(function: Callable, args: tuple, options: dict[str, Any], *targets: Any) -> Any:
    """function(*args, **options), on the tape too; `targets` are the arrays that it writes to, if it does."""
    args, options = plain(args), {name: plain(value) for name, value in options.items()}
    result = function(*args, **options)
    recorder = recording.recorder()
    if recorder is None:
        return result
    inputs = arrays_in(args) + arrays_in(tuple(options.values()))
    if not inputs and not targets:
        return result
    if targets:
        recorder.note(partial(function, *args, **options), *map(plain, targets))
        return result
    if function.__name__ in _SHAPED_BY_DATA:
        recorder.refuse(f"the shape of NumPy's {function.__name__} depends on values")
        return result
    several = isinstance(result, (tuple, list))
    outputs = [np.asarray(x) for x in result] if several else [np.asarray(result)]
    if not several and not isinstance(result, (np.ndarray, np.generic)):
        recorder.refuse(f"NumPy's {function.__name__} reads values")
        return result
    if not all(_shares(x, inputs) or x.size == 0 for x in outputs):
        recorder.note(_again(function, args, options, outputs))
        outputs = [owned(x) for x in outputs]
    traced = [x.view(Traced) for x in outputs]
    if not several:
        return traced[0]
    return traced if isinstance(result, list) else tuple(traced)


def _again(function: Callable, args: tuple, options: dict[str, Any], outputs: list[np.ndarray]) -> Callable[[], None]:
    """The same call, its results in the memory of the first ones."""
    if len(outputs) == 1 and isinstance(getattr(function, "__self__", function), np.ufunc):
        return partial(function, *args, **options, out=outputs[0])

    def again() -> None:
        result = function(*args, **options)
        for old, new in zip(outputs, result if isinstance(result, (tuple, list)) else (result,), strict=True):
            if old.shape != new.shape:
                raise RuntimeError(f"[capture] expected a result of shape {old.shape}, got {new.shape}")
            old[...] = new

    return again


def _is_native(source: Any, target: np.ndarray) -> bool:
    """Whether the kernel that copies can do it."""
    if not isinstance(source, np.ndarray) or source.dtype not in OWN or target.dtype not in OWN:
        return False
    return (source.dtype == target.dtype or source.dtype.kind != "f" or target.dtype.kind == "f") and not (
        np.may_share_memory(source, target)
    )


def assign(target: np.ndarray, source: Any) -> None:
    """target[...] = source"""
    target, source = plain(target), plain(source)
    if _is_native(source, target):
        cpu_kernels().copy(source, target)
    else:
        perform(np.copyto, (target, source), {"casting": "unsafe"}, target)


def copied(source: np.ndarray, dtype: Any, order: Any) -> np.ndarray:
    """A copy, as source.astype makes one."""
    source = plain(source)
    if recording.recorder() is None:
        return source.astype(dtype, order=order)
    target = owned(np.empty_like(source, dtype, order=order))
    assign(target, source)
    return target


def _reading(name: str) -> Callable:
    def method(self: Traced, *args: Any, **options: Any) -> Any:
        recording.refuse("it reads a value: return the tensor from the step and read it there")
        return getattr(plain(self), name)(*args, **options)

    return method


def _working(name: str) -> Callable:
    def method(self: Traced, *args: Any, **options: Any) -> Any:
        return perform(getattr(np.ndarray, name), (self, *args), options)

    return method


class Traced(np.ndarray):
    """An array of a recorded step."""

    made_by: object = None  # a mark of the recording

    def __array_finalize__(self, source: Any) -> None:
        current = recording.recorder()
        self.made_by = None if current is None else current.mark

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        call = getattr(ufunc, method)
        if method == "at":
            return perform(call, inputs, options, inputs[0])
        if out is None:
            return perform(call, inputs, options)
        perform(call, inputs, {**options, "out": out}, *out)
        return out[0] if len(out) == 1 else out

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if recording.recorder() is None or function.__name__ in ABOUT:
            return function(*plain(args), **{name: plain(x) for name, x in kwargs.items()})
        if function in (np.copyto, np.put, np.put_along_axis, np.putmask, np.place, np.fill_diagonal):
            return perform(function, args, kwargs, args[0])
        if kwargs.get("copy") is False or "out" in kwargs:
            target = kwargs.get("out", args[0])
            perform(function, args, kwargs, target)
            return target
        return perform(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        if any(x.dtype.kind == "b" for x in arrays_in(index)):
            recording.refuse("how many elements a mask chooses depends on values")
        return perform(np.ndarray.__getitem__, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        parts = index if isinstance(index, tuple) else (index,)
        if all(x is None or x is Ellipsis or isinstance(x, (slice, int)) for x in parts):
            target = plain(self)[(*parts, Ellipsis) if Ellipsis not in parts else parts]
            assign(target, value)
        else:
            perform(np.ndarray.__setitem__, (self, index, value), {}, self)

    # NumPy's own signature is one overload for a tuple and one for every number of sizes.
    def reshape(self, *shape: Any, order: Any = "C") -> Any:  # type: ignore[override]
        y = plain(self).reshape(*shape, order=order)
        if order != "C" or y.size == 0 or _shares(y, [self]) or y.dtype not in OWN:
            return perform(np.ndarray.reshape, (self, *shape), {"order": order})
        assign(y.reshape(self.shape), self)
        return owned(y)

    def astype(self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: Any = True, copy: Any = True) -> Any:
        return self if not copy and self.dtype == dtype else copied(self, dtype, order)

    def copy(self, order: Any = "C") -> Any:
        return copied(self, self.dtype, order)

    def fill(self, value: Any) -> None:
        assign(self, np.asarray(value))


for _name in ("item", "tolist", "tobytes", "tofile", "dump", "dumps", "__bool__", "__float__", "__int__", "__index__",
              "__complex__", "__iter__", "__contains__", "nonzero", "compress"):  # fmt: skip
    setattr(Traced, _name, _reading(_name))
for _name in ("ravel", "flatten", "argmax", "argmin", "argsort", "argpartition", "take", "repeat", "cumsum",
              "cumprod", "dot", "choose", "searchsorted", "trace", "round", "diagonal"):  # fmt: skip
    setattr(Traced, _name, _working(_name))
