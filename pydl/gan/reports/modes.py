"""Which modes of a mixture the samples reach."""

from __future__ import annotations

import numpy as np

from ..metrics import mode_coverage
from .report import Report


class ModesReport(Report):
    """How many of a mixture's modes the generated points reach, and how well: "modes" and more of `mode_coverage`.

    2,500 points, as in the papers that give these figures.
    """

    def __init__(self, centres: np.ndarray, std: float, *, every: int = 1, count: int = 2500, seed: int = 0) -> None:
        super().__init__(every, count, seed)
        self.centres, self.std = centres, std

    def figures(self, samples: np.ndarray, last: bool) -> dict[str, float]:
        found = mode_coverage(samples, self.centres, self.std)
        if last:
            self.words = (
                f"of {len(samples):,} generated points {found.high_quality:.1%} lie within 3 standard deviations of a "
                f"mode (of the data: 98.9%); they reach {found.covered} of {found.modes} modes"
            )
            if found.covered:
                self.words += f", with a reverse KL of {found.reverse_kl:.3f} to equal shares"
        return found.figures()
