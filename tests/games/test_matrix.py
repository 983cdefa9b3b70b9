"""Matrix games: the course's equilibria, an independent search for others, ties, and bad tables."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pydl import games


def pairs(game):
    return [(found.x.tolist(), found.y.tolist()) for found in games.equilibria(game)]


def test_rock_paper_scissors_is_mixed_only():
    game = games.ROCK_PAPER_SCISSORS
    assert game.pure_equilibria() == []
    assert pairs(game) == [([1 / 3] * 3, [1 / 3] * 3)]
    assert games.solve_zero_sum(game).value == 0.0
    assert games.solve_zero_sum(game).x.tolist() == games.solve_zero_sum(game).y.tolist() == [1 / 3] * 3
    assert game.best_responses(row=0) == [1]  # paper covers rock
    assert game.best_responses(column=[1 / 3] * 3) == [0, 1, 2]


def test_prisoners_betray_each_other():
    game = games.PRISONERS_DILEMMA
    assert game.pure_equilibria() == [(1, 1)]
    (found,) = games.equilibria(game)
    assert found.payoffs == (-2.0, -2.0)
    assert found.x.tolist() == found.y.tolist() == [0.0, 1.0]
    assert game.payoffs(0, 0) == (-1.0, -1.0)  # better for both, and not stable
    assert game.regrets(0, 0) == (1.0, 1.0)


def test_battle_of_the_sexes_has_three():
    found = games.equilibria(games.BATTLE_OF_THE_SEXES)
    assert [e.x.tolist() for e in found] == [[1, 0], [0.6, 0.4], [0, 1]]
    assert [e.y.tolist() for e in found] == [[1, 0], [0.4, 0.6], [0, 1]]
    assert [e.payoffs for e in found] == [(3, 2), (1.2, 1.2), (2, 3)]


def by_supports(a, b):
    """Every equilibrium of a game without ties, by trying all pairs of supports of one size, in floats."""
    m, n = a.shape
    found = []
    for k in range(1, min(m, n) + 1):
        for used in ((list(i), list(j)) for i in combinations(range(m), k) for j in combinations(range(n), k)):
            x, y = mixes(b.T, *used[::-1]), mixes(a, *used)
            if x is None or y is None:
                continue
            if (a @ y).max() <= (x @ a @ y) + 1e-9 and (x @ b).max() <= (x @ b @ y) + 1e-9:
                found.append((x, y))
    return found


def mixes(table, rows, columns):
    """Probabilities of `columns` that make all `rows` of the table equal, or None."""
    k = len(rows)
    system = np.zeros((k + 1, k + 1))
    system[:k, :k], system[:k, k], system[k, :k] = table[np.ix_(rows, columns)], -1, 1
    p = np.linalg.solve(system, [0] * k + [1])[:k]
    result = np.zeros(table.shape[1])
    result[columns] = p
    return result if (p >= 0).all() else None


@pytest.mark.parametrize("seed", range(6))
def test_all_equilibria_of_random_games_by_another_method(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 6, 2)
    a, b = rng.normal(size=(m, n)), rng.normal(size=(m, n))
    found = games.equilibria(games.MatrixGame(a, b))
    wanted = by_supports(a, b)
    assert len(found) == len(wanted)
    assert len(found) % 2 == 1  # Wilson 1971
    for x, y in wanted:
        assert any(np.allclose(x, e.x, atol=1e-9) and np.allclose(y, e.y, atol=1e-9) for e in found)


tables = st.integers(1, 4).flatmap(
    lambda n: st.lists(st.lists(st.integers(-1, 1), min_size=n, max_size=n), min_size=1, max_size=4)
)


@settings(max_examples=60, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_games_full_of_ties(a, random):
    b = [[random.randint(-1, 1) for _ in row] for row in a]
    game = games.MatrixGame(a, b)
    found = games.equilibria(game)
    assert found
    assert all(max(game.regrets(e.x, e.y)) < 1e-12 for e in found)
    pure = {(int(e.x.argmax()), int(e.y.argmax())) for e in found if e.x.max() == e.y.max() == 1}
    assert pure == set(game.pure_equilibria())
    assert len({(*e.x, *e.y) for e in found}) == len(found)


def test_a_tie_is_a_line_of_equilibria_of_which_the_ends_are_given():
    assert pairs(games.MatrixGame([[1, 1]], [[2, 2]])) == [([1], [1, 0]), ([1], [0, 1])]


@settings(max_examples=60, deadline=None)
@given(tables)
def test_value_of_zero_sum_games(a):
    value, x, y = games.solve_zero_sum(a)
    table = np.array(a, float)
    assert abs((x @ table).min() - value) < 1e-12  # what x secures
    assert abs((table @ y).max() - value) < 1e-12  # and y
    assert any(abs(e.payoffs[0] - value) < 1e-12 for e in games.equilibria(games.MatrixGame(a)))


def test_a_larger_zero_sum_game():
    table = np.random.default_rng(0).normal(size=(12, 15)) * 1e-3
    value, x, y = games.solve_zero_sum(table)
    assert (x @ table).min() == pytest.approx(value, abs=1e-15)
    assert (table @ y).max() == pytest.approx(value, abs=1e-15)


def test_saddle_point_and_payoffs_far_apart():
    assert games.solve_zero_sum([[3, 1], [4, 2]]).value == 2
    value, x, y = games.solve_zero_sum([[1e100, 0.0], [0.0, 1e-100]])
    assert value == pytest.approx(1e-100, rel=1e-15)
    assert y.tolist() == pytest.approx([0.0, 1.0])
    assert x.tolist() == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize(
    ("error", "text", "tables"),
    [
        (ValueError, "expected row as a table", ([1, 2],)),
        (ValueError, "expected row as a table", (np.zeros((0, 2)),)),
        (ValueError, "expected row to have rows of one length", ([[1], [1, 2]],)),
        (ValueError, "expected row to be finite", ([[1, np.nan]],)),
        (ValueError, "within ±1e150", ([[1e200]],)),
        (TypeError, "expected row to hold integers or floats, got dtype complex128", ([[1j]],)),
        (TypeError, "expected row to hold", ([[True]],)),
        (TypeError, "expected column to hold", ([[1]], [["a"]])),
        (ValueError, r"expected row and column of one shape, got \(1, 1\) and \(1, 2\)", ([[1]], [[1, 2]])),
    ],
)
def test_bad_tables(error, text, tables):
    with pytest.raises(error, match=r"\[MatrixGame\] .*" + text):
        games.MatrixGame(*tables)


def test_bad_strategies():
    game = games.MATCHING_PENNIES
    with pytest.raises(ValueError, match=r"\[payoffs\] expected x as probabilities that add up to 1"):
        game.payoffs([0.5, 0.6], 0)
    with pytest.raises(ValueError, match="expected y as probabilities"):
        game.regrets(0, [1.5, -0.5])
    with pytest.raises(ValueError, match=r"\[payoffs\] expected x as probabilities"):
        game.payoffs([np.nan, 1.0], 0)
    with pytest.raises(ValueError, match=r"\[payoffs\] expected x as 2 probabilities, got shape \(3,\)"):
        game.payoffs([0.2, 0.3, 0.5], 0)
    with pytest.raises(IndexError, match=r"\[best_responses\] expected row as a strategy in 0 … 1, got 2"):
        game.best_responses(row=2)
    with pytest.raises(TypeError, match="expected row as an index or probabilities"):
        game.best_responses(row="heads")
    with pytest.raises(ValueError, match="expected one of row and column"):
        game.best_responses()
    with pytest.raises(ValueError, match="expected a zero-sum game"):
        games.solve_zero_sum(games.PRISONERS_DILEMMA)
    with pytest.raises(ValueError, match=r"\[equilibria\] expected at most 20 strategies"):
        games.equilibria(games.MatrixGame(np.zeros((11, 10))))
    with pytest.raises(ValueError, match=r"\[solve_zero_sum\] expected at most 4096 payoffs"):
        games.solve_zero_sum(np.zeros((65, 64)))


def test_a_table_alone_is_no_game_of_two():
    with pytest.raises(TypeError, match=r"\[equilibria\] expected game as a MatrixGame\(A, B\), got list"):
        games.equilibria([[1, 2], [3, 4]])
