"""A captured step beside the same step run eagerly."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pydl


def bits(x: Any) -> Any:
    """What two equal runs have in common, to the last bit."""
    if isinstance(x, (list, tuple)):
        return [bits(part) for part in x]
    if isinstance(x, dict):
        return {name: bits(part) for name, part in x.items()}
    array = x.detach().numpy() if isinstance(x, pydl.Tensor) else x
    if not isinstance(array, np.ndarray):
        return x
    return array.shape, array.dtype.str, hashlib.sha256(array.tobytes()).hexdigest()


def state(parts: list[Any]) -> Any:
    """Parameters, buffers, gradients and optimizer state."""
    grads = [
        None if p.grad is None else bits(p.grad) for part in parts if isinstance(part, pydl.nn.Module)
        for p in part.parameters()
    ]  # fmt: skip
    return bits([part.state_dict() for part in parts]), grads, bits(pydl.get_rng_state())


def run(make: Callable[[], tuple], calls: list[tuple], captured: bool, seed: int = 1) -> tuple:
    """The bits of every result, those of the state after every call, and the step.

    make() gives the step, what has state, and perhaps change(i), which happens before call i and may add arguments.
    """
    pydl.manual_seed(seed)
    step, parts, *change = make()
    if captured:
        step = pydl.capture(step)
    seen = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for i, args in enumerate(calls):
            more = change[0](i) if change else None
            result = step(*args, *(more or ()))
            seen.append((bits(result), state(parts)))
    return seen, step, [str(w.message) for w in said]


@pytest.fixture
def same():
    """Check that a captured step is the eager one, bit for bit, and that it was replayed (or why it was not)."""

    def check(make: Callable[[], tuple], calls: list[tuple], recordings: int = 1, refused: str = "") -> Any:
        expected, _, _ = run(make, calls, captured=False)
        got, step, said = run(make, calls, captured=True)
        for i, (a, b) in enumerate(zip(expected, got, strict=True)):
            assert a[0] == b[0], f"result of call {i}"
            assert a[1] == b[1], f"state after call {i}"
        assert step.recordings == recordings, said
        assert len(said) == bool(refused), said
        assert all(refused in words for words in said), said
        return step

    return check
