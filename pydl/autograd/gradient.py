"""What a user asks the graph for: `backward` and `grad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import recording
from ..backend import array_module
from ..tensor import Tensor
from .walk import run_backward


def _root_gradient(function: str, output: Tensor, grad: Tensor | None) -> Tensor:
    if not isinstance(output, Tensor):
        raise TypeError(f"[{function}] expected outputs to be tensors, got {type(output).__name__}")
    if not output.requires_grad:
        raise RuntimeError(f"[{function}] expected an output that requires grad, got one of shape {output.shape}")
    if grad is None:
        if output._data.size != 1:
            raise RuntimeError(
                f"[{function}] expected a gradient for an output that is not a scalar, got none for shape "
                f"{output.shape}"
            )
        return Tensor._wrap(array_module(output._data).ones_like(output._data))
    if not isinstance(grad, Tensor):
        raise TypeError(f"[{function}] expected gradients to be tensors, got {type(grad).__name__}")
    if grad.shape != output.shape:
        raise ValueError(f"[{function}] expected a gradient of shape {output.shape}, got {grad.shape}")
    if grad.dtype != output.dtype:
        raise ValueError(f"[{function}] expected a gradient of dtype {output.dtype}, got {grad.dtype}")
    return grad


def _as_list(function: str, name: str, value: Any) -> list:
    if isinstance(value, Tensor):
        return [value]
    try:
        return list(value)
    except TypeError:
        raise TypeError(
            f"[{function}] expected {name} as a tensor or a sequence of tensors, got {type(value).__name__}"
        ) from None


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add to the `grad` of every leaf (or of `inputs`) the gradient of the sum of `tensors`.

    Each tensor is weighted by its entry of `grad_tensors`, which may be None for scalars. The graph is freed unless
    `retain_graph` (default: `create_graph`).
    """
    outputs = _as_list("backward", "tensors", tensors)
    grads = [None] * len(outputs) if grad_tensors is None else _as_list("backward", "grad_tensors", grad_tensors)
    if len(grads) != len(outputs):
        raise ValueError(f"[backward] expected {len(outputs)} grad_tensors, got {len(grads)}")
    roots = [(t._edge(), g) for t, g in
             [(t, _root_gradient("backward", t, g)) for t, g in zip(outputs, grads, strict=True)]]  # fmt: skip
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        run_backward(roots, None, retain, create_graph)
        return
    chosen = _as_list("backward", "inputs", inputs)
    found = run_backward(roots, {t._edge(): None for t in chosen}, retain, create_graph)
    for tensor in chosen:
        grad_ = found.get(tensor._edge())
        if grad_ is not None:
            recording.tell("store_grad", tensor)
            tensor.grad = grad_.clone() if tensor.grad is None else tensor.grad + grad_


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Gradients of the sum of `outputs` (weighted by `grad_outputs`) with respect to `inputs`, one for each.

    With `create_graph` they can be differentiated again, to any order. An input that the outputs do not depend on
    is a RuntimeError, or None with `allow_unused`. No `grad` attribute is touched.
    """
    roots_of = _as_list("grad", "outputs", outputs)
    wanted = _as_list("grad", "inputs", inputs)
    grads = [None] * len(roots_of) if grad_outputs is None else _as_list("grad", "grad_outputs", grad_outputs)
    if len(grads) != len(roots_of):
        raise ValueError(f"[grad] expected {len(roots_of)} grad_outputs, got {len(grads)}")
    for i, tensor in enumerate(wanted):
        if not isinstance(tensor, Tensor):
            raise TypeError(f"[grad] expected inputs to be tensors, got {type(tensor).__name__} at {i}")
        if not tensor.requires_grad:
            raise RuntimeError(f"[grad] expected inputs that require grad, got one that does not at {i}")
    weighted = [(t, _root_gradient("grad", t, g)) for t, g in zip(roots_of, grads, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    edges = [t._edge() for t in wanted]
    found = run_backward([(t._edge(), g) for t, g in weighted], dict.fromkeys(edges), retain, create_graph)
    result = tuple(found.get(edge) for edge in edges)
    if not allow_unused and any(g is None for g in result):
        missing = [i for i, g in enumerate(result) if g is None]
        raise RuntimeError(
            f"[grad] expected outputs that depend on every input, got none for inputs {missing}; "
            "pass allow_unused=True to get None for them"
        )
    return result
