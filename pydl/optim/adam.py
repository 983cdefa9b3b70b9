"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .checks import check_betas, check_flags, check_number, refuse_modes
from .optimizer import Optimizer


class Adam(Optimizer):
    """p -= lr · m̂ / (√ŝ + eps), with m and s the running means of g and g², corrected for starting at zero.

    Kingma and Ba 2015, algorithm 1. g is the gradient (negated with `maximize`) plus weight_decay · p. With `amsgrad`
    (Reddi, Kale and Kumar 2018) the largest s so far is used. ValueError for options out of range. `foreach` and
    `fused` change nothing: every step is one pass over all parameters.
    """

    _decoupled = False
    _counts_steps = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
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
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
            },
        )

    def _check_group(self, group: dict[str, Any]) -> None:
        for name in ("lr", "eps", "weight_decay"):
            check_number(self._name, name, group[name], 0)
        check_betas(self._name, group["betas"])
        check_flags(self._name, group, "amsgrad", "maximize")

    def _buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if group["amsgrad"] else ()))

    _kernel = "adam_step"

    def _arrays_of(self, group: dict[str, Any], params: list[Tensor]) -> tuple[Any, ...]:
        largest = self._arrays(params, "max_exp_avg_sq") if group["amsgrad"] else None
        return self._arrays(params, "exp_avg"), self._arrays(params, "exp_avg_sq"), largest

    def numbers(self, group: dict[str, Any], states: list[dict[str, Any]]) -> tuple[Any, ...]:
        decay, maximize = group["weight_decay"], group["maximize"]
        return self._count(states), group["lr"], *group["betas"], group["eps"], decay, self._decoupled, maximize


class AdamW(Adam):
    """Adam whose weight decay is apart from the gradient: p -= lr · weight_decay · p (Loshchilov and Hutter 2019)."""

    _decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        fused: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_modes(self._name, capturable, differentiable)
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
