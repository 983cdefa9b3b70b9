"""Matrix games: two players choose at once, tables say what each gets."""

from __future__ import annotations

from typing import Any

import numpy as np

TOLERANCE = 1e-9  # of probabilities, and of payoffs relative to the largest


class MatrixGame:
    """`row[i, j]` and `column[i, j]` are what the two players get when they choose i and j, of m and n strategies.

    Without `column` the game is zero-sum: the column player gets `-row`. Both want much. Strategies are pure (an
    index) or mixed (probabilities). ValueError for tables that are empty, not two-dimensional, of two shapes or not
    finite; TypeError for what is no real number.
    """

    def __init__(self, row: Any, column: Any = None) -> None:
        self.row = _table("row", row)
        self.zero_sum = column is None
        self.column = _negative(self.row) if column is None else _table("column", column)
        if self.row.shape != self.column.shape:
            shapes = f"{self.row.shape} and {self.column.shape}"
            raise ValueError(f"[MatrixGame] expected row and column of one shape, got {shapes}")

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n), the numbers of strategies."""
        m, n = self.row.shape
        return m, n

    def payoffs(self, x: Any, y: Any) -> tuple[float, float]:
        """What both players get on average, xᵀAy and xᵀBy, by strategies x (m,) and y (n,)."""
        x, y = self._strategies("payoffs", x, y)
        return float(x @ self.row @ y), float(x @ self.column @ y)

    def best_responses(self, *, row: Any = None, column: Any = None) -> list[int]:
        """The pure strategies that are best against the one given: the column player's against `row`, or vice versa.

        Equally good ones (to 1e-9 of the largest payoff) are all listed. A mixed strategy is a best response if and
        only if it mixes these (Nash 1951).
        """
        if (row is None) == (column is None):
            raise ValueError("[best_responses] expected one of row and column, got both or neither")
        if row is not None:
            gains = _strategy("best_responses", "row", row, self.shape[0]) @ self.column
            scale = np.abs(self.column).max()
        else:
            gains = self.row @ _strategy("best_responses", "column", column, self.shape[1])
            scale = np.abs(self.row).max()
        return [int(i) for i in np.flatnonzero(gains >= gains.max() - TOLERANCE * scale)]

    def regrets(self, x: Any, y: Any) -> tuple[float, float]:
        """What each player would gain by the best change of strategy; (0, 0) at a Nash equilibrium, and only there."""
        x, y = self._strategies("regrets", x, y)
        first, second = self.row @ y, x @ self.column
        return float(first.max() - x @ first), float(second.max() - second @ y)

    def pure_equilibria(self) -> list[tuple[int, int]]:
        """Every (i, j) from which neither player gains by leaving alone. There may be none."""
        stays = (self.row == self.row.max(0)) & (self.column == self.column.max(1, keepdims=True))
        return [(int(i), int(j)) for i, j in np.argwhere(stays)]

    def _strategies(self, function: str, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        return _strategy(function, "x", x, self.shape[0]), _strategy(function, "y", y, self.shape[1])

    def __repr__(self) -> str:
        second = "zero-sum" if self.zero_sum else repr(self.column.tolist())
        return f"MatrixGame({self.row.tolist()}, {second})"


def _table(name: str, values: Any) -> np.ndarray:
    try:
        table = np.array(values)
    except ValueError:
        raise ValueError(f"[MatrixGame] expected {name} to have rows of one length, got {values!r}") from None
    if table.dtype.kind not in "iuf" or table.dtype.itemsize > 8:
        raise TypeError(f"[MatrixGame] expected {name} to hold integers or floats, got dtype {table.dtype}")
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"[MatrixGame] expected {name} as a table (m, n), m and n >= 1, got shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"[MatrixGame] expected {name} to be finite, got {table.tolist()}")
    table = table.astype(np.float64)
    if np.abs(table).max() > 1e150:
        raise ValueError(f"[MatrixGame] expected {name} within ±1e150, got {np.abs(table).max()}")
    table.flags.writeable = False
    return table


def _negative(table: np.ndarray) -> np.ndarray:
    result = 0.0 - table
    result.flags.writeable = False
    return result


def _strategy(function: str, name: str, values: Any, size: int) -> np.ndarray:
    if isinstance(values, (int, np.integer)) and not isinstance(values, bool):
        if not 0 <= values < size:
            raise IndexError(f"[{function}] expected {name} as a strategy in 0 … {size - 1}, got {values}")
        return np.eye(size)[values]
    p = np.asarray(values)
    if p.dtype.kind not in "iuf":
        raise TypeError(f"[{function}] expected {name} as an index or probabilities, got {values!r}")
    if p.shape != (size,):
        raise ValueError(f"[{function}] expected {name} as {size} probabilities, got shape {p.shape}")
    p = p.astype(np.float64)
    if not (p >= 0).all() or not abs(p.sum() - 1) <= TOLERANCE:
        raise ValueError(f"[{function}] expected {name} as probabilities that add up to 1, got {p.tolist()}")
    return p
