"""Penalties on large weights: L1 (lasso), L2 (ridge), and both together (elastic net)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..checks import number


@dataclass(kw_only=True, eq=False)
class Penalty:
    """Hyper-parameters l1 and l2 of the penalty λ₁ ‖w‖₁ + λ₂/2 ‖w‖₂², added to the mean loss of the rows.

    Biases are not penalised. The elastic net of λ and α is l1 = λα and l2 = λ(1 - α). The L2 part goes by its
    gradient, λ₂ w; the L1 part, which has none at 0, by its proximal step, soft thresholding: after a step of
    length η each weight moves by ηλ₁ towards 0 and stays there if it arrives, so that weights become exactly 0.
    (Hoerl and Kennard 1970; Tibshirani 1996; Zou and Hastie 2005; Daubechies, Defrise and De Mol 2004.)
    """

    l1: float = 0.0
    l2: float = 0.0

    def _check_penalty(self) -> None:
        for name in ("l1", "l2"):
            number(f"{type(self).__name__}.fit", name, getattr(self, name), 0, finite=True)

    def _penalty(self, w: np.ndarray) -> float:
        """λ₁ ‖w‖₁ + λ₂/2 ‖w‖₂²."""
        first = self.l1 * np.abs(w).sum() if self.l1 else 0.0
        second = self.l2 / 2 * np.linalg.norm(w) ** 2 if self.l2 else 0.0
        return float(first + second)


def soft_threshold(w: np.ndarray, amount: float) -> None:
    """In place: sign(w) max(|w| - amount, 0)."""
    if amount:
        np.copyto(w, np.sign(w) * np.maximum(np.abs(w) - amount, 0))
