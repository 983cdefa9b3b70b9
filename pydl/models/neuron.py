"""The first neurons: McCulloch and Pitts 1943, and the rule of Hebb 1949."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..checks import number
from .linear import BinaryLinear


class McCullochPitts:
    """y = 1 if Σᵢ wᵢ xᵢ ≥ θ and no inhibitory input is on, else 0; inputs and output are 0 or 1.

    `weights` (n,), `threshold` θ; `inhibitory` names the inputs that veto: one of them is enough to keep the neuron
    silent, whatever the others say. Their weights count for nothing. The neuron does not learn: whoever builds it
    chooses weights and threshold (McCulloch and Pitts, "A logical calculus of the ideas immanent in nervous
    activity", 1943). ValueError for weights or a threshold that are not finite, and for an `inhibitory` that is no
    input.
    """

    def __init__(self, weights: Sequence[float], threshold: float, inhibitory: Sequence[int] = ()) -> None:
        self.weights, self.threshold = np.array(weights, np.float64), float(threshold)
        if not isinstance(inhibitory, Sequence):
            raise TypeError(f"[McCullochPitts] expected inhibitory as a list of inputs, got {inhibitory!r}")
        self.inhibitory = list(inhibitory)
        if self.weights.ndim != 1 or not self.weights.size or not np.isfinite(self.weights).all():
            raise ValueError(f"[McCullochPitts] expected weights as finite numbers, got {weights!r}")
        if not np.isfinite(self.threshold):
            raise ValueError(f"[McCullochPitts] expected threshold as a finite number, got {threshold!r}")
        if any(type(i) is not int or not 0 <= i < len(self.weights) for i in self.inhibitory):
            inputs = f"0 … {len(self.weights) - 1}"
            raise ValueError(f"[McCullochPitts] expected inhibitory as numbers of inputs {inputs}, got {inhibitory!r}")
        self.weights[self.inhibitory] = 0.0

    def __call__(self, *inputs: Any) -> Any:
        """The output for inputs x₁ … xₙ: numbers 0 or 1, or arrays of them of one shape, which the output then has too.

        ValueError for another number of inputs, other values, or arrays of several shapes.
        """
        if len(inputs) != len(self.weights):
            raise ValueError(f"[McCullochPitts] expected {len(self.weights)} inputs, got {len(inputs)}")
        shapes = {np.shape(value) for value in inputs} - {()}
        if len(shapes) > 1:
            raise ValueError(f"[McCullochPitts] expected inputs of one shape, got {sorted(shapes)}")
        x = np.stack(np.broadcast_arrays(*inputs), axis=-1)
        others = np.unique(x[~np.isin(x, (0, 1))])
        if others.size:
            more = ", …" if others.size > 3 else ""
            raise ValueError(f"[McCullochPitts] expected inputs 0 and 1, got {str(others[:3].tolist())[1:-1]}{more}")
        vetoed = x[..., self.inhibitory].any(axis=-1)
        y = (x @ self.weights >= self.threshold) & ~vetoed
        return y.astype(np.int64) if y.ndim else int(y)

    def __repr__(self) -> str:
        return f"McCullochPitts({self.weights.tolist()}, {self.threshold}, inhibitory={self.inhibitory})"


#: 1 where both inputs are: their sum reaches the threshold 2.
AND = McCullochPitts([1, 1], 2)

#: 1 where either input is, or both: one is enough for the threshold 1.
OR = McCullochPitts([1, 1], 1)

#: 1 where its input is 0: with the threshold 0 the neuron fires unless that vetoes.
NOT = McCullochPitts([0], 0, inhibitory=[0])

#: 1 where the first input is 1 and the second 0, which vetoes.
AND_NOT = McCullochPitts([1, 0], 1, inhibitory=[1])


def xor(a: Any, b: Any) -> Any:
    """(a and not b) or (b and not a), of 0 and 1 or arrays of them: 1 where exactly one input is.

    Two layers of neurons; no single one can do it (Minsky and Papert 1969). ValueError for other inputs.
    """
    return OR(AND_NOT(a, b), AND_NOT(b, a))


@dataclass(kw_only=True, eq=False)
class Hebb(BinaryLinear):
    """Hebb's rule: Δw = η y x and Δb = η y, with y = ±1 for the larger and the smaller class.

    "Cells that fire together wire together": there is no error to correct, so one pass over the rows is all, and
    w = η Σ y x. predict: the larger class where w·x + b ≥ 0. `w_` (features,), `b_` (). (Hebb, "The organization of
    behavior", 1949.)
    """

    eta: float = 1.0

    def fit(self, X: Any, y: Any) -> Self:
        """X (rows, features), y (rows,) of two classes.

        TypeError or ValueError for hyper-parameters, rows or classes that do not fit.
        """
        number("Hebb.fit", "eta", self.eta, 0, finite=True)
        X, t = self._begin(X, y, -1.0, 1.0)
        self.w_ = (self.eta * (t @ X)).numpy()
        self.b_ = (self.eta * t.sum()).numpy()
        return self
