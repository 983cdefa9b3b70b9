"""Coverage of a mixture of Gaussians."""

import math

import numpy as np
import pytest

from pydl import data
from pydl.data import toys
from pydl.gan.modes import coverage


@pytest.mark.parametrize(("name", "count"), [("ring", 8), ("grid", 25)])
def test_the_data_covers_itself(name, count):
    found = coverage(data.load(name, "train", n=20_000).data, *toys.modes_of(name))
    assert found["modes"] == count
    assert found["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.003)


def test_points_far_from_every_mode_reach_none():
    centres = np.array([[0.0, 0.0], [1.0, 0.0]])
    points = np.array([[0.0, 0.299], [0.0, 0.301], [0.5, 0.0], [np.nan, 0.0]])
    assert coverage(points, centres, 0.1) == {"high_quality": 0.25, "modes": 1.0}


@pytest.mark.parametrize("shape", [(0, 2), (3,), (3, 3)])
def test_wrong_points_are_refused(shape):
    with pytest.raises(ValueError, match=r"\[coverage\] expected points \(N, 2\)"):
        coverage(np.zeros(shape), toys.grid_centers(), 0.1)
