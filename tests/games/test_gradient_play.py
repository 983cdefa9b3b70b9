"""The xy game against its matrix, and gradient play on games with known ends."""

import numpy as np
import pytest

from pydl import games


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.0, 3.0])
def test_simultaneous_steps_spiral_out(rate):
    path = games.xy_game(0.6, -0.8, rate=rate, steps=50)
    radius = np.hypot(*path.T)
    np.testing.assert_allclose(radius[1:] / radius[:-1], np.sqrt(1 + rate**2), rtol=1e-12)
    step = np.array([[1, rate], [-rate, 1]])
    np.testing.assert_allclose(path[50], np.linalg.matrix_power(step, 50) @ path[0], rtol=1e-9)


@pytest.mark.parametrize("rate", [0.01, 0.1, 1.0, 1.9])
def test_alternating_steps_stay_on_an_ellipse(rate):
    path = games.xy_game(0.6, -0.8, rate=rate, steps=1000, alternating=True)
    x, y = path.T
    np.testing.assert_allclose(x**2 + rate * x * y + y**2, 1 - 0.48 * rate, rtol=1e-9)
    squares = x**2 + y**2
    assert squares.max() <= (1 - 0.48 * rate) / (1 - rate / 2) * (1 + 1e-9)
    assert squares.min() >= (1 - 0.48 * rate) / (1 + rate / 2) * (1 - 1e-9)  # and do not come in


def test_alternating_steps_keep_areas():
    (a, b), (c, d) = (games.xy_game(*start, rate=0.3, steps=1, alternating=True)[1] for start in ((1, 0), (0, 1)))
    assert a * d - b * c == pytest.approx(1, abs=1e-15)


def test_alternating_steps_leave_at_rates_above_two():
    path = games.xy_game(rate=2.1, steps=100, alternating=True)
    assert np.hypot(*path[-1]) > 1e6


def test_a_game_with_curvature_converges():
    xs, ys = games.gradient_play(lambda x, y: (x * y).sum() - (x**2).sum() + (y**2).sum(), [1.0, 2.0], [-1.0, 0.5],
                                 rate=0.1, steps=300)  # fmt: skip
    assert xs.shape == ys.shape == (301, 2)
    assert np.abs(xs[-1]).max() < 1e-9
    assert np.abs(ys[-1]).max() < 1e-9


def test_a_payoff_need_not_depend_on_both():
    xs, ys = games.gradient_play(lambda x, y: -((x - 3) ** 2), 0.0, 1.0, rate=0.5, steps=1)
    assert xs.tolist() == [0.0, 3.0]
    assert ys.tolist() == [1.0, 1.0]


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"\[gradient_play\] expected rate"):
        games.xy_game(rate=-1.0)
    with pytest.raises(ValueError, match="expected steps to be an integer >= 0, got -1"):
        games.xy_game(steps=-1)
    with pytest.raises(TypeError, match="expected steps to be an integer >= 0, got float"):
        games.xy_game(steps=1.5)
    with pytest.raises(ValueError, match="expected x to be finite"):
        games.xy_game(x=np.nan)
    with pytest.raises(TypeError, match="expected y as real numbers"):
        games.xy_game(y="1")
    with pytest.raises(TypeError, match="expected rate to be a finite number >= 0, got str"):
        games.xy_game(rate="fast")
    with pytest.raises(TypeError, match="expected a payoff as a Tensor, got float"):
        games.gradient_play(lambda x, y: 3.0, 1.0, 1.0, rate=0.1, steps=1)
    with pytest.raises(ValueError, match=r"expected a payoff of one number, got shape \(2,\)"):
        games.gradient_play(lambda x, y: x * y, [1.0, 2.0], [1.0, 2.0], rate=0.1, steps=1)


def test_players_that_leave_the_floats_are_refused():
    with pytest.raises(OverflowError, match=r"\[gradient_play\] expected finite players, got others at step 2, rate"):
        games.xy_game(rate=1e200, steps=9)
