"""Places for the boxes of a graph without cycles: columns from left to right, few crossings.

A small form of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures", 1981:
columns by longest path, a line over several columns as a chain of points, rows by the mean of their neighbours.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

GAP_X, GAP_Y, MARGIN = 56.0, 18.0, 12.0
Point = tuple[float, float]


class Layout:
    """`places` (left, top) of each box, `routes` of each arrow (points from right edge to left edge), `size`.

    `sizes` gives width and height of each box, in an order in which every source comes before its targets.
    """

    def __init__(self, sizes: Mapping[Hashable, Point], arrows: Sequence[tuple[Hashable, Hashable]]) -> None:
        self._sizes = dict(sizes)
        column = _columns(list(sizes), arrows)
        chains = [self._chain(i, source, target, column) for i, (source, target) in enumerate(arrows)]
        links = [pair for chain in chains for pair in pairwise(chain)]
        columns = _ordered(column, links)
        self.places, self.size = self._placed(columns)
        self.routes = [self._route(chain) for chain in chains]

    def _chain(self, i: int, source: Hashable, target: Hashable, column: dict[Hashable, int]) -> list[Hashable]:
        """Source, a point in every column between, target."""
        between: list[Hashable] = [("point", i, c) for c in range(column[source] + 1, column[target])]
        for point, c in zip(between, range(column[source] + 1, column[target]), strict=True):
            column[point], self._sizes[point] = c, (0.0, 0.0)
        return [source, *between, target]

    def _placed(self, columns: list[list[Hashable]]) -> tuple[dict[Hashable, Point], Point]:
        heights = [sum(self._sizes[k][1] for k in keys) + GAP_Y * (len(keys) - 1) for keys in columns]
        tallest, x = max(heights), MARGIN
        places: dict[Hashable, Point] = {}
        for keys, height in zip(columns, heights, strict=True):
            width = max(self._sizes[k][0] for k in keys)
            y = MARGIN + (tallest - height) / 2
            for key in keys:
                places[key] = (x + (width - self._sizes[key][0]) / 2, y)
                y += self._sizes[key][1] + GAP_Y
            x += width + GAP_X
        return places, (x - GAP_X + MARGIN, tallest + 2 * MARGIN)

    def _route(self, chain: list[Hashable]) -> list[Point]:
        points = []
        for i, key in enumerate(chain):
            (x, y), (width, height) = self.places[key], self._sizes[key]
            points.append((x + width if i == 0 else x, y + height / 2))
        return points


def _columns(keys: list[Hashable], arrows: Sequence[tuple[Hashable, Hashable]]) -> dict[Hashable, int]:
    """The longest path that leads to each box; one that nothing leads to stands just before its first target."""
    sources: dict[Hashable, list[Hashable]] = {key: [] for key in keys}
    targets: dict[Hashable, list[Hashable]] = {key: [] for key in keys}
    for source, target in arrows:
        sources[target].append(source)
        targets[source].append(target)
    column: dict[Hashable, int] = {}
    for key in keys:
        column[key] = max((column[s] + 1 for s in sources[key]), default=0)
    for key in keys:
        if not sources[key] and targets[key]:
            column[key] = min(column[t] for t in targets[key]) - 1
    return column


def _ordered(column: Mapping[Hashable, int], links: Sequence[tuple[Hashable, Hashable]]) -> list[list[Hashable]]:
    """The keys of each column from top to bottom: sorted by the mean row of their neighbours, to and fro."""
    columns: list[list[Hashable]] = [[] for _ in range(max(column.values()) + 1)]
    for key, c in column.items():
        columns[c].append(key)
    before: dict[Hashable, list[Hashable]] = {key: [] for key in column}
    after: dict[Hashable, list[Hashable]] = {key: [] for key in column}
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    row = {key: float(i) for keys in columns for i, key in enumerate(keys)}
    for neighbours, sweep in ((before, columns), (after, columns[::-1]), (before, columns), (after, columns[::-1])):
        for keys in sweep:
            means = {k: _mean([row[n] for n in neighbours[k]], row[k]) for k in keys}
            keys.sort(key=means.__getitem__)
            row.update({key: float(i) for i, key in enumerate(keys)})
    return columns


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
