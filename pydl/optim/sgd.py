"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .checks import check_flags, check_number, refuse_modes
from .optimizer import Optimizer


class SGD(Optimizer):
    """p -= lr · b with b = momentum · b + (1 - dampening) · g, and b = g on the first step.

    g is the gradient (negated with `maximize`) plus weight_decay · p. With `nesterov` (Sutskever et al. 2013) the
    step is g + momentum · b. ValueError for options out of range. `foreach` and `fused` change nothing: every step is
    one pass over all parameters.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        fused: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_modes(self._name, capturable, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def _check_group(self, group: dict[str, Any]) -> None:
        for name in ("lr", "momentum", "weight_decay"):
            check_number("SGD", name, group[name], 0)
        check_number("SGD", "dampening", group["dampening"], 0, 1)
        check_flags("SGD", group, "nesterov", "maximize")
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            given = f"momentum {group['momentum']}, dampening {group['dampening']}"
            raise ValueError(f"[SGD] expected momentum > 0 and dampening 0 with nesterov, got {given}")

    def _buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    _kernel = "sgd_step"

    def _arrays_of(self, group: dict[str, Any], params: list[Tensor]) -> tuple[Any, ...]:
        return (self._arrays(params, "momentum_buffer") if group["momentum"] else None,)

    def numbers(self, group: dict[str, Any], states: list[dict[str, Any]]) -> tuple[Any, ...]:
        options = [group[name] for name in ("momentum", "dampening", "weight_decay", "nesterov", "maximize")]
        return [float(group["lr"])] * len(states), *options

    def _update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        if not group["momentum"]:
            self._run(group, params, False)
            return
        new = ["momentum_buffer" not in self.state[p] for p in params]
        for first in (True, False):
            chosen = [p for p, is_new in zip(params, new, strict=True) if is_new == first]
            if chosen:
                self._run(group, chosen, first)
