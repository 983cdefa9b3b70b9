"""Between dtypes and devices."""

from __future__ import annotations

from typing import Any

from .. import backend
from ..arrays import as_dtype
from ..autograd import Function
from ..tensor import Tensor


class Cast(Function):
    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def forward(self, x: Any) -> Any:
        self.source = x.dtype
        return x.astype(self.dtype)

    def backward(self, grad: Tensor) -> Tensor:
        return cast(grad, self.source)


def cast(input: Tensor, dtype: Any) -> Tensor:
    """`input` converted to `dtype`, itself where it has it already; the gradient is converted back."""
    target = as_dtype("to", dtype)
    return input if input.dtype == target else Cast(target)(input)


class ToDevice(Function):
    def __init__(self, device: str) -> None:
        self.device = device

    def forward(self, x: Any) -> Any:
        self.source = backend.device_of(x)
        return backend.to_device(x, self.device)

    def backward(self, grad: Tensor) -> Tensor:
        return to_device(grad, self.source)


def to_device(input: Tensor, device: str) -> Tensor:
    """`input` copied to `device`; the gradient is copied back."""
    return ToDevice(device)(input)
