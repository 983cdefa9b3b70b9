"""Gradients that one kernel computes, and that can still be differentiated."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from ..tensor import Tensor
from .gradient import grad
from .graph import Function
from .mode import enable_grad, is_grad_enabled


class _Same(Function):
    """The input itself, at a place of its own in the graph."""

    def forward(self, x: Array) -> Array:
        return x

    def backward(self, g: Tensor) -> Tensor:
        return g


def _apart(x: Any, wanted: bool, again: bool) -> Any:
    """Input x as the formula's own: nothing else in the formula's graph is made from it."""
    if not isinstance(x, Tensor) or not wanted:
        return x.detach() if isinstance(x, Tensor) else x
    if not again:
        return x.detach().requires_grad_()
    same = _Same()(x)
    same._version = x._shared_version()
    return same


class FusedGradient(Function):
    """A gradient in one kernel (`forward`), with the same formula in differentiable operations (`formula`) beside it.

    A subclass retains all its inputs. Its own gradient is that of the formula, which is worked out where it is asked
    for. So the same kernel, and the same bits, serve whether or not a gradient is to be differentiated again.
    """

    def formula(self, *inputs: Any) -> Tensor | tuple[Tensor, ...]:
        raise NotImplementedError

    def backward(self, *grads: Tensor) -> tuple[Tensor | None, ...]:
        again = is_grad_enabled()
        with enable_grad():
            inputs = [_apart(self.input(i), need, again) for i, need in enumerate(self.needs)]
            outputs = self.formula(*inputs)
        pairs = zip(outputs if isinstance(outputs, tuple) else (outputs,), grads, strict=True)
        roots = [(y, g) for y, g in pairs if y.requires_grad]
        wanted = [x for x, need in zip(inputs, self.needs, strict=True) if need]
        found = iter(grad([y for y, _ in roots], wanted, [g for _, g in roots], create_graph=again, allow_unused=True))
        return tuple([next(found) if need else None for need in self.needs])
