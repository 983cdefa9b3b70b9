"""Integers and numbers as arguments: what is taken, as what, and how the rest is refused."""

import math
from fractions import Fraction

import numpy as np
import pytest

import pydl
from pydl.checks import integer, number


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3), pydl.tensor(3)])
def test_integers_become_ints(value):
    assert type(integer("f", "n", value, 0, 3)) is int
    assert integer("f", "n", value, 0, 3) == 3


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float32(3), "3", None, np.array([3]), [3]])
def test_what_is_no_integer(value):
    with pytest.raises(TypeError, match=rf"^\[f\] expected n to be an integer >= 0, got {type(value).__name__}$"):
        integer("f", "n", value, 0)


@pytest.mark.parametrize("value", [-1, 4, 2**70])
def test_integers_out_of_range(value):
    with pytest.raises(ValueError, match=rf"^\[f\] expected n to be an integer in 0 … 3, got {value}$"):
        integer("f", "n", value, 0, 3)


@pytest.mark.parametrize(
    "value", [1, 0.5, np.float32(0.5), np.int64(1), Fraction(1, 2), np.array(0.5), pydl.tensor(0.5)]
)
def test_numbers(value):
    found = number("f", "p", value, 0, 1)
    assert isinstance(found, (int, float))
    assert found == float(value)


@pytest.mark.parametrize("value", [True, np.True_, "1", None, 1j, np.complex64(1), np.ones(1), pydl.ones(1), [1.0]])
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match=rf"^\[f\] expected p to be a number in \[0, 1\], got {type(value).__name__}$"):
        number("f", "p", value, 0, 1)


@pytest.mark.parametrize(
    ("value", "limits", "wanted"),
    [
        (math.nan, {}, "a number"),
        (math.inf, {"finite": True}, "a finite number"),
        (-1, {"low": 0}, "a number >= 0"),
        (math.inf, {"low": 0, "finite": True}, "a finite number >= 0"),
        (0, {"low": 0, "finite": True, "above": True}, "a finite number > 0"),
        (0, {"low": 0, "high": 1, "above": True}, r"a number in \(0, 1\]"),
        (2, {"low": 0.5, "high": 1}, r"a number in \[0.5, 1\]"),
        (1, {"low": 0, "high": 1, "below": True}, r"a number in \[0, 1\)"),
        (1.0, {"low": 0, "high": 1, "above": True, "below": True}, r"a number in \(0, 1\)"),
    ],
)
def test_numbers_out_of_range(value, limits, wanted):
    with pytest.raises(ValueError, match=rf"^\[f\] expected p to be {wanted}, got {value}$"):
        number("f", "p", value, **limits)


def test_infinite_and_large_numbers_where_they_may_be():
    assert number("f", "p", math.inf, 0) == math.inf
    assert number("f", "p", 10**400, 0, finite=True) == 10**400
