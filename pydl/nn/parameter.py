"""Tensors that a module owns and an optimizer changes."""

from __future__ import annotations

from typing import Any

from ..creation import empty
from ..tensor import Tensor


class Parameter(Tensor):
    """A leaf over the memory of `data` that requires grad and that a Module registers when it is assigned to it."""

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        data = empty(0) if data is None else data
        if not isinstance(data, Tensor):
            raise TypeError(f"[Parameter] expected data as a tensor, got {type(data).__name__}")
        self._data = data._data
        self._version = data._shared_version()
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


def parameter(*size: int, dtype: Any = None, device: str | None = None) -> Parameter:
    """A Parameter of a shape, to be filled by an initialisation."""
    return Parameter(empty(size, dtype="float32" if dtype is None else dtype, device=device))
