"""Matrix products. Sums follow one fixed order that depends on K alone (see csrc/kernels/gemm.h)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import Function
from ..backend import Array, kernels
from ..tensor import Tensor
from .reduce import sum, sum_to
from .shape import owned, reshape, transpose


def check_operands(function: str, **operands: Any) -> None:
    """TypeError unless each is a tensor (a bias may be None); ValueError unless all are on one device."""
    first = ""
    for name, operand in operands.items():
        if operand is None and name == "bias":
            continue
        if not isinstance(operand, Tensor):
            raise TypeError(f"[{function}] expected {name} to be a tensor, got {type(operand).__name__}")
        here = "cpu" if isinstance(operand._data, np.ndarray) else operand.device
        if not first:
            first, device = name, here
        elif here != device:
            raise ValueError(f"[{function}] expected {first} and {name} on one device, got {device} and {here}")


def as_rows(x: Tensor) -> Tensor:
    """(…, n) as a matrix of rows."""
    return x if x.ndim == 2 else reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


class MatMul(Function):
    """(…, M, K) @ (…, K, N)."""

    def forward(self, a: Array, b: Array) -> Array:
        self.retain_inputs(0, 1)
        self.shapes = a.shape, b.shape
        return kernels(a).matmul(a, b)

    def backward(self, g: Tensor) -> Any:
        first = second = None
        if self.needs[0]:
            first = sum_to(MatMul()(g, transpose(self.input(1), -1, -2)), self.shapes[0])
        if self.needs[1]:
            a = self.input(0)
            if len(self.shapes[1]) == 2:  # one product over all rows of the batch
                a, g = as_rows(a), as_rows(g)
            second = sum_to(MatMul()(transpose(a, -1, -2), g), self.shapes[1])
        return first, second


class Linear(Function):
    """x Wᵀ + b."""

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.retain_inputs(0, 1)
        self.shape = x.shape
        return kernels(x).linear(x, w, b)

    def backward(self, g: Tensor) -> Any:
        rows = as_rows(g)
        first = second = third = None
        if self.needs[1]:
            second = MatMul()(transpose(rows, 0, 1), as_rows(self.input(0)))
        if self.needs[2]:
            third = sum(rows, 0)
        if self.needs[0]:  # last: the layer below works on it next
            first = reshape(MatMul()(rows, self.input(1)), self.shape)
        return first, second, third


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Matrix product, as torch.matmul: Σ_k input[…, i, k] · other[…, k, j].

    Shapes: (…, M, K) @ (…, K, N) → (…, M, N), leading dimensions broadcast. A 1-D operand is a row before or a column
    after the product, and its dimension is left out of the result: (K,) @ (K,) → (). ValueError where shapes do not
    fit, TypeError for dtypes that differ or are not float32 or float64.
    """
    check_operands("matmul", input=input, other=other)
    if input.ndim == 0 or other.ndim == 0 or input.shape[-1] != other.shape[max(other.ndim - 2, 0)]:
        raise ValueError(
            f"[matmul] expected shapes (…, M, K) and (…, K, N) or (K,), got {input.shape} and {other.shape}"
        )
    a = reshape(input, (1, *input.shape)) if input.ndim == 1 else input
    b = reshape(other, (*other.shape, 1)) if other.ndim == 1 else other
    c = MatMul()(a, b)
    if input.ndim > 1 and other.ndim > 1:
        return c
    shape = c.shape[:-2] + (() if input.ndim == 1 else c.shape[-2:-1]) + (() if other.ndim == 1 else c.shape[-1:])
    return owned(reshape(c, shape))


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """(M, K) @ (K, N) → (M, N); no broadcasting."""
    check_operands("mm", input=input, mat2=mat2)
    if input.ndim != 2 or mat2.ndim != 2 or input.shape[1] != mat2.shape[0]:
        raise ValueError(f"[mm] expected shapes (M, K) and (K, N), got {input.shape} and {mat2.shape}")
    return MatMul()(input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """(B, M, K) @ (B, K, N) → (B, M, N); no broadcasting."""
    check_operands("bmm", input=input, mat2=mat2)
    a, b = input.shape, mat2.shape
    if len(a) != 3 or len(b) != 3 or a[0] != b[0] or a[2] != b[1]:
        raise ValueError(f"[bmm] expected shapes (B, M, K) and (B, K, N), got {a} and {b}")
    return MatMul()(input, mat2)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y = x Wᵀ + b.

    Shapes: input (…, in), weight (out, in), bias (out,) → (…, out). ValueError where shapes do not fit, TypeError for
    dtypes that differ or are not float32 or float64.
    """
    check_operands("linear", input=input, weight=weight, bias=bias)
    return Linear()(input, weight, bias)
