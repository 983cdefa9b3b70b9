"""The operators and methods of Tensor, joined to the class here so that `tensor.py` need not know the operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import creation, ops, random
from .arrays import bool_, float32, float64, int32, int64
from .ops import inplace
from .tensor import Tensor

_METHODS = [
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "maximum",
    "minimum",
    "neg",
    "abs",
    "sign",
    "square",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "exp",
    "expm1",
    "log",
    "log2",
    "log1p",
    "sin",
    "cos",
    "erf",
    "tanh",
    "sigmoid",
    "relu",
    "clamp",
    "floor",
    "ceil",
    "isclose",
    "logical_not",
    "round",
    "floor_divide",
    "sum",
    "mean",
    "var",
    "std",
    "norm",
    "amax",
    "amin",
    "max",
    "min",
    "argmax",
    "argmin",
    "prod",
    "all",
    "any",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "logical_and",
    "logical_or",
    "isnan",
    "isinf",
    "isfinite",
    "equal",
    "allclose",
    "reshape",
    "view",
    "view_as",
    "flatten",
    "unflatten",
    "permute",
    "transpose",
    "t",
    "movedim",
    "expand",
    "expand_as",
    "broadcast_to",
    "squeeze",
    "unsqueeze",
    "contiguous",
    "clone",
    "narrow",
    "select",
    "split",
    "chunk",
    "unbind",
    "flip",
    "repeat",
    "gather",
    "scatter",
    "scatter_add",
    "sort",
    "argsort",
    "topk",
    "cumsum",
    "triu",
    "tril",
    "outer",
    "lerp",
    "index_select",
    "masked_fill",
    "masked_select",
    "matmul",
    "mm",
    "bmm",
    "softmax",
    "log_softmax",
    "logsumexp",
]

_IN_PLACE = [
    "abs", "elu", "exp", "floor", "leaky_relu", "log", "masked_fill", "neg", "reciprocal", "relu", "round", "rsqrt",
    "sigmoid", "sqrt", "square", "tanh",
]  # fmt: skip


def _reflected(function: Callable) -> Callable:
    return lambda self, other: function(other, self)


def _iterate(self: Tensor) -> Iterator[Tensor]:
    if self.ndim == 0:
        raise TypeError("[iter] expected a tensor of at least one dimension, got a scalar")
    return iter(ops.unbind(self))


def _where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """self where the condition is set, other elsewhere."""
    return ops.where(condition, self, other)


def _remainder(a: Any, b: Any) -> Tensor:
    """a - b · ⌊a / b⌋, with the sign of b. ZeroDivisionError for integers by 0."""
    ops.compare.check_divisor("remainder", a, b)
    return ops.sub(a, ops.mul(b, ops.floor_divide(a, b)))


def _equality(function: Callable[..., Tensor]) -> Callable[..., Any]:
    """== and != leave what is neither tensor nor number to Python, which finds it unequal."""

    def compare(self: Tensor, other: Any) -> Any:
        if isinstance(other, (Tensor, int, float, np.ndarray, np.generic)):
            return function(self, other)
        return NotImplemented

    return compare


def _converter(dtype: Any) -> Callable[[Tensor], Tensor]:
    def convert(self: Tensor) -> Tensor:
        return ops.cast(self, dtype)

    convert.__doc__ = f"As {dtype}; itself where it is already."
    return convert


def _in_place(name: str) -> Callable[..., Tensor]:
    def method(self: Tensor, *options: Any, **named: Any) -> Tensor:
        return inplace.assign(name + "_", self, getattr(ops, name)(self, *options, **named))

    method.__name__ = name + "_"
    method.__doc__ = f"In place: {getattr(ops, name).__doc__}"
    return method


def _new(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(self: Tensor, *size: Any, dtype: Any = None, device: str | None = None, **options: Any) -> Tensor:
        return function(*size, dtype=dtype or self.dtype, device=device or self.device, **options)

    method.__doc__ = f"With this tensor's dtype and device: {function.__doc__}"
    return method


def _attach() -> None:
    for name in _IN_PLACE:
        setattr(Tensor, name + "_", _in_place(name))
    for name in ("zeros", "ones", "full", "empty", "tensor"):
        setattr(Tensor, f"new_{name}", _new(getattr(creation, name)))
    for name in _METHODS:
        setattr(Tensor, name, getattr(ops, name))
    for name in ("add_", "sub_", "mul_", "div_", "pow_", "clamp_", "copy_", "fill_", "zero_"):
        setattr(Tensor, name, getattr(inplace, name))
    for name in ("uniform_", "normal_", "bernoulli_", "bernoulli"):
        setattr(Tensor, name, getattr(random, name))
    for name, dtype in (("float", float32), ("double", float64), ("long", int64), ("int", int32), ("bool", bool_)):
        setattr(Tensor, name, _converter(dtype))
    for name in ("add", "sub", "mul", "pow", "floordiv", "truediv"):
        function: Callable[..., Tensor] = getattr(ops, {"truediv": "div", "floordiv": "floor_divide"}.get(name, name))
        setattr(Tensor, f"__{name}__", function)
        setattr(Tensor, f"__r{name}__", _reflected(function))
    for name in ("add", "sub", "mul", "pow"):
        setattr(Tensor, f"__i{name}__", getattr(inplace, name + "_"))
    for name in ("lt", "le", "gt", "ge"):
        setattr(Tensor, f"__{name}__", getattr(ops, name))
    for name in ("eq", "ne"):
        setattr(Tensor, f"__{name}__", _equality(getattr(ops, name)))
    others = {
        "__itruediv__": inplace.div_, "__mod__": _remainder, "__rmod__": _reflected(_remainder),
        "__neg__": ops.neg, "__abs__": ops.abs, "__and__": ops.bitwise_and, "__or__": ops.bitwise_or,
        "__invert__": ops.bitwise_not, "__getitem__": ops.getitem, "__setitem__": inplace.setitem,
        "__matmul__": ops.matmul, "__rmatmul__": _reflected(ops.matmul),
        "__iter__": _iterate, "where": _where, "T": property(ops.t),
        "nelement": Tensor.numel, "ndimension": Tensor.dim, "clip": ops.clamp, "clip_": inplace.clamp_,
        "is_cuda": property(lambda self: self.device != "cpu"),
    }  # fmt: skip
    for name, value in others.items():
        setattr(Tensor, name, value)


_attach()
