"""Integers as vectors."""

from __future__ import annotations

from typing import Any

from ..arrays import int64
from ..backend import array_module
from ..tensor import Tensor
from .checks import as_integer, as_tensor
from .compare import eq
from .dims import as_shape
from .select import check_range, index_select, where
from .shape import owned, reshape, unsqueeze


def _indices(function: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"[{function}] expected input to be a tensor, got {type(input).__name__}")
    if input.dtype.kind not in "iu":
        raise TypeError(f"[{function}] expected input as a tensor of integers, got {input.dtype}")
    return as_tensor(function, input)


def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """Row input[…] of weight (rows, features): shape input.shape + (features,).

    Row `padding_idx` gets no gradient. An index outside 0 … rows-1 is an IndexError.
    """
    if as_tensor("embedding", weight, "weight").ndim != 2:
        raise ValueError(f"[embedding] expected weight of shape (rows, features), got {weight.shape}")
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise ValueError("[embedding] expected no max_norm, scale_grad_by_freq or sparse, got one of them")
    rows = weight.shape[0]
    index = _indices("embedding", input)
    check_range("embedding", index._data, rows)
    picked = index_select(weight, 0, reshape(index, (-1,)))
    if padding_idx is not None:
        padding_idx = as_integer("embedding", "padding_idx", padding_idx)
        if not -rows <= padding_idx < rows:
            raise ValueError(f"[embedding] expected padding_idx in {-rows} … {rows - 1}, got {padding_idx}")
        padding = unsqueeze(eq(reshape(index, (-1,)), padding_idx % rows), 1)
        picked = where(padding, picked.detach(), picked)
    return owned(reshape(picked, (*index.shape, weight.shape[1])))


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 zeros of shape tensor.shape + (num_classes,) with a 1 at each integer; -1 counts the classes."""
    index, num_classes = _indices("one_hot", tensor), as_integer("one_hot", "num_classes", num_classes)
    if num_classes == -1:
        if index.numel() == 0:
            raise ValueError("[one_hot] expected num_classes for a tensor without elements, got -1")
        num_classes = int(index._data.max()) + 1  # not in a recorded step, which this refuses
    if num_classes < 1:
        raise ValueError(f"[one_hot] expected num_classes >= 1 or -1, got {num_classes}")
    as_shape("one_hot", (*index.shape, num_classes))
    check_range("one_hot", index._data, num_classes)
    xp = array_module(index._data)
    return Tensor._wrap((index._data[..., None] == xp.arange(num_classes)).astype(int64))
