"""RMSProp."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .checks import check_flags, check_number, refuse_modes
from .optimizer import Optimizer


class RMSprop(Optimizer):
    """p -= lr · g / (√s + eps) with s = alpha · s + (1 - alpha) · g² (Tieleman and Hinton 2012, lecture 6.5).

    g is the gradient (negated with `maximize`) plus weight_decay · p. With `centered` (Graves 2013) the mean's square
    is taken from s; with `momentum` the steps are summed as SGD sums gradients. ValueError for options out of range.
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_modes(self._name, capturable, differentiable)
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "maximize": maximize,
            },
        )

    def _check_group(self, group: dict[str, Any]) -> None:
        for name in ("lr", "eps", "weight_decay", "momentum"):
            check_number("RMSprop", name, group[name], 0)
        check_number("RMSprop", "alpha", group["alpha"], 0, 1)
        check_flags("RMSprop", group, "centered", "maximize")

    _counts_steps = True

    def _buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        centered = ("grad_avg",) if group["centered"] else ()
        return ("square_avg", *centered, *(("momentum_buffer",) if group["momentum"] else ()))

    _kernel = "rmsprop_step"

    def _arrays_of(self, group: dict[str, Any], params: list[Tensor]) -> tuple[Any, ...]:
        means = self._arrays(params, "grad_avg") if group["centered"] else None
        momenta = self._arrays(params, "momentum_buffer") if group["momentum"] else None
        return self._arrays(params, "square_avg"), means, momenta

    def numbers(self, group: dict[str, Any], states: list[dict[str, Any]]) -> tuple[Any, ...]:
        self._count(states)
        options = [group[name] for name in ("alpha", "eps", "weight_decay", "momentum", "maximize")]
        return [float(group["lr"])] * len(states), *options
