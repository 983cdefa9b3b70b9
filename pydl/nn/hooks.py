"""Calling a module that has hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd import Function, is_grad_enabled
from ..backend import Array
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class Watch(Function):
    """The inputs themselves; `seen` is told their gradients and may replace them."""

    def __init__(self, seen: Callable[[tuple], tuple]) -> None:
        self.seen = seen

    def forward(self, *arrays: Array) -> tuple[Array, ...]:
        return arrays

    def backward(self, *grads: Tensor) -> tuple:
        return self.seen(grads)


def _watch(values: tuple, seen: Callable[[tuple], tuple]) -> tuple[tuple, bool]:
    """`values` with every tensor passed through one Watch; whether any of them is in the graph."""
    places = [i for i, v in enumerate(values) if isinstance(v, Tensor) and v.requires_grad]
    if not places:
        return values, False
    watched = Watch(seen)(*[values[i] for i in places])
    result = list(values)
    for i, tensor in zip(places, watched, strict=True):
        tensor._version = values[i]._shared_version()
        result[i] = tensor
    return tuple(result), True


class _Backward:
    """One call of a module whose backward hooks wait for the gradients of its outputs, then of its inputs."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.grad_output: tuple = ()
        self.has_inputs = False

    def outputs_known(self, grads: tuple) -> tuple:
        self.grad_output = grads
        if not self.has_inputs:
            self.run((None,))
        return grads

    def run(self, grads: tuple) -> tuple:
        for (hook,) in list(self.module._backward_hooks.values()):
            result = hook(self.module, grads, self.grad_output)
            if result is not None:
                result = result if isinstance(result, tuple) else (result,)
                if len(result) != len(grads):
                    raise RuntimeError(
                        f"[register_full_backward_hook] expected the hook to return {len(grads)} gradients, "
                        f"got {len(result)}"
                    )
                grads = result
        self.grad_output = ()  # their graph leads back here: kept, it would be a cycle
        return grads


def call_with_hooks(module: Module, inputs: tuple, options: dict[str, Any]) -> Any:
    """Pre-hooks, `forward`, hooks; with backward hooks inputs and outputs are watched on the tape."""
    for hook, with_kwargs in list(module._forward_pre_hooks.values()):
        if with_kwargs:
            result = hook(module, inputs, options)
            inputs, options = result if result is not None else (inputs, options)
        else:
            result = hook(module, inputs)
            if result is not None:
                inputs = result if isinstance(result, tuple) else (result,)
    watching = bool(module._backward_hooks) and is_grad_enabled()
    if watching:
        waiting = _Backward(module)
        inputs, waiting.has_inputs = _watch(inputs, waiting.run)
    output = module.forward(*inputs, **options)
    for hook, with_kwargs in list(module._forward_hooks.values()):
        result = hook(module, inputs, options, output) if with_kwargs else hook(module, inputs, output)
        output = output if result is None else result
    if watching:
        several = isinstance(output, (tuple, list))
        watched, _ = _watch(tuple(output) if several else (output,), waiting.outputs_known)
        output = type(output)(watched) if several else watched[0]
    return output
