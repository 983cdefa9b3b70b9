"""The op table: what tests, gradient checks and benchmarks know of an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..creation import tensor
from ..tensor import Tensor


@dataclass(frozen=True)
class Sample:
    """One call. Float arrays among `args` become tensors that gradients are checked for, others plain tensors."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


def no_bound(*args: Any, **kwargs: Any) -> None:
    return None


@dataclass(frozen=True)
class Op:
    """One operation: the function on tensors, its naive NumPy reference on float64 arrays, and calls to try.

    `bound(*abs_args)` gives op(|x|, |w|), the magnitude that float32's rounding error is measured against; without
    it, that is |reference|. `smooth` is how often the operation can be differentiated at its samples (0: not at
    all).
    """

    name: str
    function: Callable[..., Any]
    reference: Callable[..., Any]
    samples: Callable[[np.random.Generator], Iterable[Sample]]
    smooth: int = 2
    bound: Callable[..., Any] = no_bound
    tolerance: float = 8 * 2.0**-24


def as_tensors(sample: Sample, dtype: Any, requires_grad: bool = False) -> tuple[list[Any], dict[str, Any]]:
    """The sample's arrays as tensors: floats of `dtype`, integers and bool as they are."""

    def convert(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        if value.dtype.kind == "f":
            return tensor(value, dtype=dtype, requires_grad=requires_grad)
        return tensor(value)

    return [convert(a) for a in sample.args], {k: convert(v) for k, v in sample.kwargs.items()}


def arrays_of(result: Any) -> list[np.ndarray]:
    """The outputs of an operation as NumPy arrays."""
    results = result if isinstance(result, (tuple, list)) else [result]
    return [r.detach().numpy() if isinstance(r, Tensor) else np.asarray(r) for r in results]
