"""Pivoting in whole numbers: the vertices of {v >= 0, M v <= 1}, without rounding.

Every float is a fraction, so the games of floats can be solved exactly. Ties, which decide what is an equilibrium, are
then ties. (Edmonds' integer pivoting; Avis et al. 2010, "Enumeration of Nash equilibria for two-player games".)
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def whole(table: np.ndarray) -> np.ndarray:
    """A table of positive integers (as Python's) that is `table` times a constant, plus another: the same game."""
    fractions = [[value.as_integer_ratio() for value in line] for line in table.tolist()]
    scale = max(denominator for line in fractions for _, denominator in line)  # all are powers of two
    whole = np.array([[a * (scale // b) for a, b in line] for line in fractions], object)
    return whole - whole.min() + 1


class Tableau:
    """The system M v + s = 1 of positive integers M (k, n), solved for the k variables in `basis`.

    Variable i < n is v_i, variable n + j is the slack s_j. Those in `cobasis` are 0, one in `basis` has the value
    `numbers[row, -1] / scale`; entry (row, column) over `scale` says how it falls as the cobasic variable rises.
    """

    def __init__(self, numbers: np.ndarray, scale: int, basis: tuple[int, ...], cobasis: tuple[int, ...]) -> None:
        self.numbers, self.scale, self.basis, self.cobasis = numbers, scale, basis, cobasis

    @classmethod
    def of(cls, matrix: np.ndarray) -> Tableau:
        """At the vertex v = 0."""
        k, n = matrix.shape
        ones = np.array([[1]] * k, object)
        return cls(np.concatenate([matrix, ones], axis=1), 1, tuple(range(n, n + k)), tuple(range(n)))

    def leaving(self, column: int) -> list[int]:
        """The rows whose variables first fall to 0 when the cobasic variable of `column` rises; several at a tie."""
        rates, values = self.numbers[: len(self.basis), column], self.numbers[: len(self.basis), -1]
        ratios = {row: Fraction(values[row], rates[row]) for row in range(len(self.basis)) if rates[row] > 0}
        least = min(ratios.values())  # there is one: the polytope is bounded
        return [row for row, ratio in ratios.items() if ratio == least]

    def pivot(self, row: int, column: int) -> Tableau:
        """The tableau in which the variables of `row` and `column` have changed places. All divisions are exact."""
        old, pivot = self.numbers, self.numbers[row, column]
        new = (old * pivot - np.outer(old[:, column], old[row])) // self.scale
        new[row] = old[row]
        new[:, column] = -old[:, column]
        new[row, column] = self.scale
        basis, cobasis = list(self.basis), list(self.cobasis)
        basis[row], cobasis[column] = cobasis[column], basis[row]
        return Tableau(new, pivot, tuple(basis), tuple(cobasis))

    def values(self) -> dict[int, Fraction]:
        """The variables that are not 0."""
        last = self.numbers[:, -1]
        pairs = zip(self.basis, last, strict=False)
        return {variable: Fraction(value, self.scale) for variable, value in pairs if value}
