"""The one loop by which the models learn: epochs of steps, each on some of the rows.

A model gives a step (its rule of learning) and a cost; here is which rows a step sees.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .. import random
from ..checks import integer, number
from ..tensor import Tensor
from .checks import check_choice, check_flag
from .estimator import Estimator

MODES = ("online", "sgd", "batch", "minibatch")
ROSE = 10  # times the first epoch's, from which on a cost that ends at its largest is said to have risen
REMEDY = "try a smaller eta than {:g}, or features of mean 0 and variance 1"
Rows = Any  # what a step indexes X and y with: a slice, or an array of row numbers


@dataclass(kw_only=True, eq=False)
class Descent(Estimator):
    """The hyper-parameters of learning by descent.

    eta: the learning rate. epochs: how often n rows are seen, n the number of rows. mode: which rows one update sees:

    - "online": one row; every row once in an epoch (stochastic gradient descent without replacement)
    - "sgd": one row drawn from all n, n times in an epoch (on-line with replacement; Robbins and Monro 1951)
    - "batch": all rows, once in an epoch (gradient descent)
    - "minibatch": `batch_size` rows; every row once in an epoch

    `shuffle`: "online" and "minibatch" take the rows in a new order in every epoch, else as they are. `random_state`
    is the seed of all that is random; with None it is drawn from pydl's default generator. `cost_` holds the cost
    of all rows after each epoch. A cost that is no longer finite raises DivergenceError; of one that ends at its
    largest, more than ten times the first epoch's, a UserWarning tells.
    """

    eta: float = 0.01
    epochs: int = 50
    mode: str = "batch"
    batch_size: int = 32
    shuffle: bool = True
    random_state: int | None = 0

    cost_: list[float] = field(init=False, repr=False)
    _modes: ClassVar[tuple[str, ...]] = MODES  # those that a model knows

    def _check_params(self) -> None:
        function = f"{self._name}.fit"
        number(function, "eta", self.eta, 0, finite=True)
        integer(function, "epochs", self.epochs, 1)
        check_choice(function, "mode", self.mode, self._modes)
        integer(function, "batch_size", self.batch_size, 1)
        check_flag(function, "shuffle", self.shuffle)
        if self.random_state is not None:
            integer(function, "random_state", self.random_state, 0)

    def _generator(self) -> random.Generator:
        if self.random_state is not None:
            return random.Generator(int(self.random_state))
        return random.Generator(draw_seed(None))

    def _rows(self, n: int, generator: random.Generator) -> Iterator[Rows]:
        """What each update of one epoch sees."""
        if self.mode == "batch":
            yield slice(None)
            return
        if self.mode == "sgd":
            order = random.randint(n, (n,), generator=generator).numpy()
        else:
            order = random.randperm(n, generator=generator).numpy() if self.shuffle else np.arange(n)
        size = self.batch_size if self.mode == "minibatch" else 1
        for start in range(0, n, size):
            yield order[start : start + size]

    def _descend(
        self,
        n: int,
        step: Callable[[Rows], None],
        cost: Callable[[], float],
        callback: Callable[[Any], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
        generator: random.Generator | None = None,
    ) -> None:
        """Epochs of `step(rows)`; after each, `cost()` is noted, `callback(self)` called, and `stop()` asked."""
        generator = generator or self._generator()
        self.cost_ = []
        for epoch in range(self.epochs):
            for rows in self._rows(n, generator):
                step(rows)
            self.cost_.append(float(cost()))
            if not math.isfinite(self.cost_[-1]):
                raise diverged(self._name, epoch, self.eta)
            if callback is not None:
                callback(self)
            if stop():
                break
        first, last = self.cost_[0], self.cost_[-1]
        if last > ROSE * first and last == max(self.cost_):
            warnings.warn(
                f"[{self._name}.fit] expected a cost that falls, got one that rose from {first:.3g} to {last:.3g}; "
                f"{REMEDY.format(self.eta)}",
                UserWarning,
                stacklevel=4,  # beyond `fit` and what surrounds it
            )


def draw_seed(generator: random.Generator | None) -> int:
    """A seed for another stream of random numbers."""
    return int(random.randint(2**62, (1,), generator=generator).item())


def diverged(name: str, epoch: int, eta: float) -> Exception:
    """What is raised when a cost is no longer finite."""
    from ..train.errors import DivergenceError

    return DivergenceError(
        f"[{name}.fit] expected a finite cost, got inf or NaN in epoch {epoch + 1}; {REMEDY.format(eta)}"
    )


def start(function: str, init: Any, w_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Weights and biases to start from: copies of those in `init`, a pair (w, b), or zeros; float64."""
    if init is None:
        return np.zeros(w_shape), np.zeros(b_shape)
    try:
        w, b = (np.array(value, np.float64) for value in init)
    except (TypeError, ValueError):
        raise ValueError(f"[{function}] expected init as a pair (w, b) of numbers, got {init!r}") from None
    if w.shape != w_shape or b.shape != b_shape:
        raise ValueError(
            f"[{function}] expected init as w of shape {w_shape} and b of shape {b_shape}, got {w.shape} and {b.shape}"
        )
    return w, b


def count(rows: Rows, X: Tensor) -> int:
    """How many rows a step sees."""
    return len(X) if isinstance(rows, slice) else len(rows)
