"""Zero-sum games by linear programming."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from .matrix import MatrixGame
from .tableau import Tableau, whole

MOST_PAYOFFS = 4096


class Solution(NamedTuple):
    """The value of a zero-sum game to the row player, and strategies that secure it: x (m,) and y (n,)."""

    value: float
    x: np.ndarray
    y: np.ndarray


def solve_zero_sum(payoffs: Any) -> Solution:
    """max over x of min over y of xᵀAy = min max: the value of the game A (m, n), and optimal strategies.

    The row player wants much, the column player little; `payoffs` is A, or a zero-sum MatrixGame. With A made
    positive, y is the solution of max Σv, Av <= 1, v >= 0 (times the value) and x that of its dual (von Neumann 1928,
    Dantzig 1951). The simplex method is exact: results are right to the last bit; where several strategies are
    optimal, one is given. Whole numbers of many digits take time: at 30 strategies a player a second, at 60 a
    minute. ValueError for more than 4,096 payoffs or a game that is not zero-sum; other errors are MatrixGame's.
    """
    game = payoffs if isinstance(payoffs, MatrixGame) else MatrixGame(payoffs)
    if (game.column != -game.row).any():
        raise ValueError("[solve_zero_sum] expected a zero-sum game, got one whose payoffs do not cancel")
    if game.row.size > MOST_PAYOFFS:
        raise ValueError(f"[solve_zero_sum] expected at most {MOST_PAYOFFS} payoffs, got {game.row.size}")
    tableau = _maximise(whole(game.row))
    n, total = game.shape[1], Fraction(int(tableau.numbers[-1, -1]), tableau.scale)
    found = tableau.values()
    y = [found.get(j, Fraction(0)) / total for j in range(n)]
    dual = dict(zip(tableau.cobasis, tableau.numbers[-1], strict=False))
    x = [Fraction(dual.get(n + i, 0), tableau.scale) / total for i in range(game.shape[0])]
    exact = sum(p * q * Fraction(game.row[i, j]) for i, p in enumerate(x) for j, q in enumerate(y) if p and q)
    return Solution(float(exact), np.array([float(p) for p in x]), np.array([float(q) for q in y]))


def _maximise(matrix: np.ndarray) -> Tableau:
    """The simplex method for max Σv, Mv <= 1, v >= 0; the objective is the last row of the tableau.

    The steepest column enters, or after a step that did not gain the first (Bland 1977), so that it cannot go round.
    """
    start = Tableau.of(matrix)
    objective = np.array([[-1] * matrix.shape[1] + [0]], object)
    tableau = Tableau(np.concatenate([start.numbers, objective]), 1, start.basis, start.cobasis)
    stalled = False
    while True:
        rates = tableau.numbers[-1, :-1]
        falling = [column for column in range(len(rates)) if rates[column] < 0]
        if not falling:
            return tableau
        column = min(falling, key=lambda c: tableau.cobasis[c] if stalled else rates[c])
        row = min(tableau.leaving(column), key=lambda r: tableau.basis[r])
        stalled = not tableau.numbers[row, -1]
        tableau = tableau.pivot(row, column)
