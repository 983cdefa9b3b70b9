"""The neuron of McCulloch and Pitts, and Hebb's rule."""

import itertools

import numpy as np
import pytest

from pydl.models import AND, NOT, OR, Hebb, McCullochPitts, xor
from pydl.models.neuron import AND_NOT

PAIRS = list(itertools.product((0, 1), repeat=2))


def test_gates():
    for a, b in PAIRS:
        assert AND(a, b) == (a and b)
        assert OR(a, b) == (a or b)
        assert AND_NOT(a, b) == (a and not b)
    assert [NOT(0), NOT(1)] == [1, 0]


def test_one_inhibitory_input_vetoes_any_excitation():
    neuron = McCullochPitts([5, 5, 5, 0], 1, inhibitory=[3])
    for x in itertools.product((0, 1), repeat=4):
        assert neuron(*x) == (any(x[:3]) and not x[3])


def test_two_layers_make_xor_and_arrays_are_taken():
    a, b = np.array(PAIRS).T
    assert xor(a, b).tolist() == [0, 1, 1, 0]


def test_no_single_neuron_makes_xor():
    """Every weight and threshold of a fine grid, and every veto: at most three rows of four are right."""
    a, b = np.array(PAIRS).T
    values = np.arange(-3, 3.5, 0.5)
    best = 0
    for veto in ([], [0], [1], [0, 1]):
        for w1, w2, theta in itertools.product(values, repeat=3):
            best = max(best, int((McCullochPitts([w1, w2], theta, veto)(a, b) == (a ^ b)).sum()))
    assert best == 3


def test_bad_neurons():
    with pytest.raises(ValueError, match=r"\[McCullochPitts\] expected weights as finite numbers"):
        McCullochPitts([1, np.nan], 1)
    with pytest.raises(ValueError, match=r"expected inhibitory as numbers of inputs 0 … 1, got \[2\]"):
        McCullochPitts([1, 1], 1, [2])
    with pytest.raises(ValueError, match="expected 2 inputs, got 3"):
        AND(1, 1, 1)
    with pytest.raises(ValueError, match="expected threshold as a finite number, got nan"):
        McCullochPitts([1, 1], np.nan)
    with pytest.raises(ValueError, match=r"expected inputs of one shape, got \[\(2,\), \(3,\)\]"):
        AND(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match=r"expected inputs 0 and 1, got 2$"):
        AND(1, 2)
    with pytest.raises(ValueError, match=r"expected inputs 0 and 1, got -1.0, 0.5, 2.0, …$"):
        AND(np.array([-1, 0.5, 0, 1]), np.array([2, 3, 1, 1]))


def test_hebb_learns_and_but_not_xor():
    X = np.array(PAIRS) * 2 - 1
    hebb = Hebb().fit(X, [0, 0, 0, 1])
    assert hebb.w_.tolist() == [2, 2]
    assert hebb.b_ == -2
    assert hebb.score(X, [0, 0, 0, 1]) == 1
    assert not Hebb().fit(X, [0, 1, 1, 0]).w_.any()


def test_hebb_recalls_orthogonal_patterns():
    """With orthogonal rows of ±1, w = η Σ t x gives z = η n t on each of them."""
    H = np.array([[1, 1], [1, -1]])
    X = np.kron(np.kron(H, H), H)
    t = np.array([1, -1, -1, 1, 1, 1, -1, -1])
    hebb = Hebb(eta=0.5).fit(X, t)
    assert np.array_equal(hebb.decision_function(X), 0.5 * 8 * t + hebb.b_)
