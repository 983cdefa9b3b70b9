"""Steps of optimizers in a recording: their kernels are given other numbers before every replay."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from ..optim.optimizer import plain
from .recorder import OptimizerStep

_FIXED = (float, int, bool, str, type(None))


class Update:
    """One kernel call of an optimizer. Holds neither the optimizer nor its parameters."""

    def __init__(self, step: OptimizerStep, renew: Callable[..., None]) -> None:
        optimizer = step.optimizer
        self._optimizer = weakref.ref(optimizer)
        self._group = step.group
        self._index = next(i for i, group in enumerate(optimizer.param_groups) if group is step.group)
        self._buffers = optimizer._buffers(step.group)  # they say which kernel it is
        self._renew = renew
        self.position = step.position
        self._known: list[Any] = []  # options as they were when they were last looked at
        self._options: dict[str, Any] = {}
        self.states: list[dict[str, Any]] = [optimizer.state[p] for p in step.params]

    def holds(self) -> bool:
        """Whether the optimizer would call this kernel; an option that is wrong raises."""
        optimizer: Any = self._optimizer()
        group = self._group
        if optimizer.param_groups[self._index] is not group:
            return False
        values = list(group.values())
        if values != self._known:
            optimizer._check_group(group)
            self._options = plain(group)
            if optimizer._buffers(self._options) != self._buffers:
                return False
            self._known = values if all(map(_is_fixed, values[1:])) else []
        return True

    def options(self) -> dict[str, Any]:
        """The optimizer's options as they are now."""
        return plain({name: value for name, value in self._group.items() if name != "params"})

    def renew(self) -> None:
        """Give the kernel the numbers of the step that begins."""
        self._renew(*self._optimizer().numbers(self._options, self.states))  # type: ignore[union-attr]

    def uncount(self) -> None:
        """The step that began did not take place."""
        for state in self.states:
            if "step" in state:
                state["step"] -= 1


def _is_fixed(value: Any) -> bool:
    """Whether the value is the same as long as it is the same object."""
    return type(value) in _FIXED or (type(value) is tuple and all(map(_is_fixed, value)))
