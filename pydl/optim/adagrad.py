"""Adagrad."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .checks import check_flags, check_number, refuse_modes
from .optimizer import Optimizer


class Adagrad(Optimizer):
    """p -= lr / (1 + (t - 1) · lr_decay) · g / (√s + eps), s the sum of all g² (Duchi, Hazan and Singer 2011).

    g is the gradient (negated with `maximize`) plus weight_decay · p; s starts at initial_accumulator_value and t
    counts the steps. ValueError for options out of range.
    """

    _counts_steps = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        fused: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_modes(self._name, capturable, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "maximize": maximize,
            },
        )

    def _check_group(self, group: dict[str, Any]) -> None:
        for name in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"):
            check_number("Adagrad", name, group[name], 0)
        check_flags("Adagrad", group, "maximize")

    def _buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("sum",)

    _kernel = "adagrad_step"

    def _arrays_of(self, group: dict[str, Any], params: list[Tensor]) -> tuple[Any, ...]:
        return (self._arrays(params, "sum", group["initial_accumulator_value"]),)

    def numbers(self, group: dict[str, Any], states: list[dict[str, Any]]) -> tuple[Any, ...]:
        rates = [float(group["lr"]) / (1 + (step - 1) * group["lr_decay"]) for step in self._count(states)]
        return rates, group["eps"], group["weight_decay"], group["maximize"]
