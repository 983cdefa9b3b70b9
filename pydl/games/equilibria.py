"""All Nash equilibria of a two-player game, exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from .matrix import MatrixGame
from .tableau import Tableau, whole

MOST_STRATEGIES = 20  # of both players together: the work grows exponentially


class Equilibrium(NamedTuple):
    """Strategies x (m,) and y (n,) of which each is a best response to the other, and what the players get."""

    x: np.ndarray
    y: np.ndarray
    payoffs: tuple[float, float]


def equilibria(game: MatrixGame) -> list[Equilibrium]:
    """The extreme Nash equilibria, pure and mixed; there is always one (Nash 1950), if not always a pure one.

    In a game without ties these are all, and their number is odd. In a degenerate one there are infinitely many, and
    each is a mixture of extreme ones. With A and B made positive, they are the pairs of vertices x of {Bᵀx <= 1} and
    y of {Ay <= 1} at which every strategy of either player is unused or a best response (Mangasarian 1964; Avis,
    Rosenberg, Savani and von Stengel 2010). Found by exact pivoting, so that each probability is right to the last
    bit. ValueError for more than 20 strategies of both players together, TypeError for what is no MatrixGame.
    """
    if not isinstance(game, MatrixGame):
        raise TypeError(f"[equilibria] expected game as a MatrixGame(A, B), got {type(game).__name__}")
    m, n = game.shape
    if m + n > MOST_STRATEGIES:
        raise ValueError(f"[equilibria] expected at most {MOST_STRATEGIES} strategies in all, got {m} + {n}")
    rows = _vertices(whole(game.column).T)
    columns = _vertices(whole(game.row))
    turned = {frozenset((label + m) % (m + n) for label in labels): y for labels, y in columns.items()}
    every = frozenset(range(m + n))
    pairs = [(x, y) for first, x in rows.items() for second, y in turned.items() if first | second == every]
    pairs.sort(key=lambda pair: ([-p for p in pair[0]], [-q for q in pair[1]]))
    return [_rounded(game, x, y) for x, y in pairs]


def _vertices(matrix: np.ndarray) -> dict[frozenset[int], list[Fraction]]:
    """The vertices of {v >= 0, Mv <= 1} but 0, scaled to the sum 1, by what holds with equality at them.

    Label i < n stands for v_i = 0, label n + j for (Mv)_j = 1. All feasible bases are visited, from one to the next.
    """
    n = matrix.shape[1]
    start = Tableau.of(matrix)
    todo, seen = [start], {frozenset(start.basis)}
    found: dict[frozenset[int], list[Fraction]] = {}
    while todo:
        tableau = todo.pop()
        values = tableau.values()
        total = sum(value for variable, value in values.items() if variable < n)
        if total:
            labels = frozenset(range(sum(matrix.shape))) - frozenset(values)
            found[labels] = [values.get(i, Fraction(0)) / total for i in range(n)]
        for column in range(n):
            for row in tableau.leaving(column):
                basis = frozenset(tableau.basis) - {tableau.basis[row]} | {tableau.cobasis[column]}
                if basis not in seen:
                    seen.add(basis)
                    todo.append(tableau.pivot(row, column))
    return found


def _rounded(game: MatrixGame, x: list[Fraction], y: list[Fraction]) -> Equilibrium:
    used = [(i, j, p * q) for i, p in enumerate(x) for j, q in enumerate(y) if p and q]
    first, second = (
        float(sum(weight * Fraction(table[i, j]) for i, j, weight in used)) for table in (game.row, game.column)
    )
    return Equilibrium(np.array([float(p) for p in x]), np.array([float(q) for q in y]), (first, second))
