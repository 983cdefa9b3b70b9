"""A step of every parameter of a network: fused, in one call, against parameter by parameter.

Both sides update copies of their own; the check compares the parameters after the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

import numpy as np

from ...backend import kernels
from ..baselines import optim as plain
from ..case import Case, Work, nbytes, normal
from ..shapes import PARAMETERS, Parameters

Arrays = list[np.ndarray]
LR = 0.1  # large, so that the parameters show a wrong step


def _operands(p: Parameters, rng: np.random.Generator) -> tuple[Arrays, Arrays, Arrays]:
    """The parameters, a copy of them, and the gradients."""
    params = [normal(rng, *shape) for shape in p.shapes]
    return params, [x.copy() for x in params], [normal(rng, *shape) for shape in p.shapes]


def _zeros(params: Arrays) -> Arrays:
    return [np.zeros_like(x) for x in params]


def _sgd(p: Parameters, rng: np.random.Generator) -> Work:
    params, other, grads = _operands(p, rng)
    step, momenta, rates = kernels(params[0]).sgd_step, _zeros(params), [LR] * len(params)

    def ours() -> Arrays:
        step(params, grads, momenta, rates, 0.9, 0.0, 1e-4, False, False, False)
        return params

    return Work(ours, plain.sgd(other, grads, LR, 0.9, 1e-4), 5 * nbytes(*params))


def _rmsprop(p: Parameters, rng: np.random.Generator) -> Work:
    params, other, grads = _operands(p, rng)
    step, squares, rates = kernels(params[0]).rmsprop_step, _zeros(params), [LR] * len(params)

    def ours() -> Arrays:
        step(params, grads, squares, None, None, rates, 0.99, 1e-8, 0.0, 0.0, False)
        return params

    return Work(ours, plain.rmsprop(other, grads, LR, 0.99, 1e-8), 5 * nbytes(*params))


def _adam(decay: float, p: Parameters, rng: np.random.Generator) -> Work:
    params, other, grads = _operands(p, rng)
    step, means, squares, steps = kernels(params[0]).adam_step, _zeros(params), _zeros(params), count(1)

    def ours() -> Arrays:
        done = [float(next(steps))] * len(params)
        step(params, grads, means, squares, None, done, LR, 0.9, 0.999, 1e-8, decay, decay > 0, False)
        return params

    return Work(ours, plain.adam(other, grads, LR, (0.9, 0.999), 1e-8, decay), 7 * nbytes(*params))


BUILDERS: dict[str, Callable[[Parameters, np.random.Generator], Work]] = {
    "sgd": _sgd,
    "rmsprop": _rmsprop,
    "adam": partial(_adam, 0.0),
    "adamw": partial(_adam, 0.01),
}


def cases() -> Iterator[Case]:
    for p in PARAMETERS:
        label = f"{p.name}, {sum(int(np.prod(shape)) for shape in p.shapes)} numbers"
        for name, build in BUILDERS.items():
            yield Case("optim", name, label, p.short, partial(build, p))
