"""Gradients that one kernel computes: the same bits whether recorded or not, and right at order 3."""

from __future__ import annotations

import numpy as np
import pytest

import pydl
import pydl.nn.functional as F
from pydl.testing import gradcheck

LABELS = pydl.tensor([0, 2, 1])
CASES = {
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), [(4, 3, 2), (3,), (3,)]),
    "cross_entropy": (lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.1), [(3, 4)]),
    "cross_entropy of each": (lambda x: F.cross_entropy(x, LABELS, reduction="none"), [(3, 4)]),
    "mse_loss": (F.mse_loss, [(3, 3), (3, 3)]),
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, [(3, 3), (3, 3)]),
}


@pytest.fixture(params=CASES)
def case(request):
    function, shapes = CASES[request.param]
    rng = np.random.default_rng(5)
    return function, [pydl.from_numpy(rng.standard_normal(shape)).requires_grad_() for shape in shapes]


def test_recording_the_gradient_does_not_change_it(case):
    function, inputs = case
    plain = pydl.grad((function(*inputs) ** 2).sum(), inputs)
    recorded = pydl.grad((function(*inputs) ** 2).sum(), inputs, create_graph=True)
    for a, b in zip(plain, recorded, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.detach().numpy())


def test_third_order(case):
    function, inputs = case

    @pydl.enable_grad()
    def norm_of_second(*inputs):
        value = (function(*inputs) ** 2).sum()
        for _ in range(2):
            grads = pydl.grad(value, inputs, create_graph=True)
            value = sum((g * g).sum() for g in grads)
        return value

    gradcheck(norm_of_second, inputs)
