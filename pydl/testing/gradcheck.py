"""Derivatives against central differences, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import float64
from ..autograd import enable_grad, grad, no_grad
from ..tensor import Tensor


def _outputs(result: Any) -> list[Tensor]:
    results = result if isinstance(result, (tuple, list)) else [result]
    return [r for r in results if isinstance(r, Tensor) and r.dtype == float64]


def _weights(outputs: Sequence[Tensor], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(y.shape)) for y in outputs]


def _check_inputs(function: str, inputs: Sequence[Any]) -> list[Tensor]:
    wanted = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]
    if not wanted or any(x.dtype != float64 for x in wanted):
        raise ValueError(f"[{function}] expected float64 inputs that require grad, got {[x.dtype for x in wanted]}")
    return wanted


def gradcheck(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    seed: int = 0,
) -> bool:
    """Whether the gradient of a random weighting of the outputs equals its central differences, element by element.

    inputs: float64 tensors that require grad are checked, anything else is passed on. Raises AssertionError naming
    the input, the element and both values where |analytic - numeric| > atol + rtol · |numeric|.
    """
    wanted = _check_inputs("gradcheck", inputs)
    with enable_grad():
        outputs = _outputs(function(*inputs))
    weights = _weights(outputs, seed)
    recorded = [(y, Tensor._wrap(w)) for y, w in zip(outputs, weights, strict=True) if y.requires_grad]
    if not recorded:
        raise AssertionError("[gradcheck] expected an output that requires grad, got none")
    analytic = grad([y for y, _ in recorded], wanted, [w for _, w in recorded], allow_unused=True)

    def value() -> float:
        with no_grad():
            results = _outputs(function(*inputs))
        return float(sum((y._data * w).sum() for y, w in zip(results, weights, strict=True)))

    for position, (x, slope) in enumerate(zip(wanted, analytic, strict=True)):
        numeric = _central_differences(x._data, value, eps)
        got = np.zeros(x.shape) if slope is None else slope._data
        wrong = ~(np.abs(got - numeric) <= atol + rtol * np.abs(numeric))
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise AssertionError(
                f"[gradcheck] expected the gradient of input {position} at {at} to be {numeric[at]:.9g}, "
                f"got {got[at]:.9g} ({int(wrong.sum())} of {wrong.size} elements differ)"
            )
    return True


def _central_differences(array: np.ndarray, value: Callable[[], float], eps: float) -> np.ndarray:
    slopes = np.zeros(array.shape)
    for at in np.ndindex(array.shape):
        before = array[at]
        array[at] = before + eps
        above = value()
        array[at] = before - eps
        below = value()
        array[at] = before
        slopes[at] = (above - below) / (2 * eps)
    return slopes


def gradgradcheck(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    seed: int = 1,
) -> bool:
    """`gradcheck` of the function's gradient, as a function of the inputs and of the outputs' weights."""
    wanted = _check_inputs("gradgradcheck", inputs)
    with enable_grad():
        outputs = [y for y in _outputs(function(*inputs)) if y.requires_grad]
    weights = [Tensor(w, requires_grad=True) for w in _weights(outputs, seed)]

    def gradient(*arguments: Any) -> tuple[Tensor, ...]:
        originals, factors = arguments[: len(inputs)], arguments[len(inputs) :]
        with enable_grad():
            results = [y for y in _outputs(function(*originals)) if y.requires_grad]
            slopes = grad(results, wanted, factors, create_graph=True, allow_unused=True)
        return tuple(s if s is not None else x * 0.0 for s, x in zip(slopes, wanted, strict=True))

    return gradcheck(gradient, [*inputs, *weights], eps, atol, rtol, seed)
