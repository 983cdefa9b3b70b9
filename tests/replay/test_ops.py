"""Every row of the op table in a recorded step: whatever its operands hold later, the bits are those of eager."""

import warnings

import numpy as np
import pytest

import pydl
from pydl.testing import as_tensors
from pydl.testing.cases import OPS

CALLS = 5
# Why some samples are not recorded: shapes that depend on values, and what rows of the table do beside their operation.
EAGER = {
    "getitem": "how many elements a mask chooses", "masked_select": "how many elements a mask chooses",
    "dropout": "it seeds a generator", "dropout2d": "it seeds a generator",
    "cross_entropy": "it makes a tensor from an array", "cross_entropy_smoothed": "it makes a tensor from an array",
    "nll_loss": "it makes a tensor from an array",
}  # fmt: skip


def samples_of(op, seed):
    return list(op.samples(np.random.default_rng(seed)))


def tensors_in(args, kwargs):
    return [x for x in (*args, *kwargs.values()) if isinstance(x, pydl.Tensor)]


def arrays_in(sample):
    return [x for x in (*sample.args, *sample.kwargs.values()) if isinstance(x, np.ndarray)]


def run(op, number, captured):
    """The bits of results and gradients of a few calls, between which the operands change in place."""
    args, kwargs = as_tensors(samples_of(op, 1)[number], "float32", requires_grad=op.smooth > 0)
    tensors = tensors_in(args, kwargs)

    def step():
        for x in tensors:
            x.grad = None
        outputs = op.function(*args, **kwargs)
        outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
        roots = [(y * y).sum() for y in outputs if isinstance(y, pydl.Tensor) and y.requires_grad]
        if roots:
            pydl.autograd.backward(roots)
        return outputs

    call = pydl.capture(step) if captured else step
    seen = []
    for seed in range(1, CALLS + 1):
        for x, new in zip(tensors, arrays_in(samples_of(op, seed)[number]), strict=True):
            x._data[...] = new
        pydl.manual_seed(seed)
        outputs = [y.detach().numpy().tobytes() if isinstance(y, pydl.Tensor) else y for y in call()]
        seen.append((outputs, [None if x.grad is None else x.grad.numpy().tobytes() for x in tensors]))
    return seen, call


def alike(op, number):
    """Whether the operands of every call have the shapes of the first."""
    first = [x.shape for x in arrays_in(samples_of(op, 1)[number])]
    return all([x.shape for x in arrays_in(samples_of(op, s)[number])] == first for s in range(2, CALLS + 1))


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_a_replay_has_the_bits_of_eager(op):
    for number in range(len(samples_of(op, 1))):
        if not alike(op, number):
            continue
        expected, _ = run(op, number, captured=False)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            got, call = run(op, number, captured=True)
        assert got == expected, (number, [str(w.message) for w in said])
        assert (call.recordings == 0) == bool(said)
        assert all(op.name in EAGER and EAGER[op.name] in str(w.message) for w in said), str(said[0].message)
