"""The define-by-run graph: operations as nodes.

A tensor that needs a gradient names its place in the graph by an edge, (node, slot): slot `slot` of the outputs of
`node`. Nodes hold arrays and edges, never tensors, so that a gradient kept on a leaf closes no reference cycle.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from .. import recording
from ..backend import Array, array_module
from ..tensor import Tensor
from .mode import _mode

Edge = tuple["Node", int]


class Node:
    """A place in the graph: what made a tensor, or a leaf that gradients arrive at."""

    edges: tuple[Edge | None, ...] = ()
    hooks: dict[int, dict[object, Callable]] | None = None  # by slot

    def add_hook(self, slot: int, hook: Callable) -> Callable[[], Any]:
        """Call `hook` on the gradient of output `slot`; returns what removes it."""
        if self.hooks is None:
            self.hooks = {}
        hooks, key = self.hooks.setdefault(slot, {}), object()
        hooks[key] = hook
        return lambda: hooks.pop(key, None)

    def run_hooks(self, grads: list[Tensor | None]) -> None:
        for slot, hooks in (self.hooks or {}).items():
            for hook in list(hooks.values()):
                result = hook(grads[slot])
                if result is not None:
                    _check_replacement(result, grads[slot])
                    grads[slot] = result


def _check_replacement(result: Any, grad: Tensor | None) -> None:
    if not isinstance(result, Tensor):
        raise TypeError(f"[hook] expected a tensor or None, got {type(result).__name__}")
    if grad is not None and (result.shape != grad.shape or result.dtype != grad.dtype):
        raise ValueError(
            f"[hook] expected a gradient of shape {grad.shape} and {grad.dtype}, got {result.shape} and {result.dtype}"
        )


class Leaf(Node):
    """Where the gradient of a tensor made by the user arrives."""

    outputs = 1

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = weakref.ref(tensor)


class Function(Node):
    """One differentiable operation; an instance is applied once and is then its own node.

    A subclass writes `forward(*arrays)`, which returns an array or a tuple of them, and `backward(*grads)`, which
    takes a Tensor for every output and returns one Tensor or None for every input, made with differentiable
    operations so that it can be differentiated in turn. `forward` names what `backward` needs by `retain_inputs`
    and `retain_outputs`; `backward` gets it as Tensors by `input(i)` and `output(i)`. Options are attributes.
    """

    outputs = 1
    is_view = False  # the output shares memory with input 0
    needs: tuple[bool, ...] = ()  # which inputs want a gradient
    _kept_inputs: Sequence[int] = ()
    _kept_outputs: Sequence[int] = ()
    _saved: dict[int, tuple] | None = None

    def forward(self, *arrays: Array) -> Any:
        raise NotImplementedError

    def backward(self, *grads: Any) -> Any:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return type(self).__name__

    def retain_inputs(self, *indices: int) -> None:
        self._kept_inputs = indices

    def retain_outputs(self, *indices: int) -> None:
        self._kept_outputs = indices

    def __call__(self, *inputs: Tensor | float | None) -> Any:
        """Apply to tensors (numbers and None pass through to `forward`); returns a Tensor or a tuple of them."""
        if recording.running:
            recording.tell("watch", inputs)
        arrays = [x._data if isinstance(x, Tensor) else x for x in inputs]
        if _mode.grad:
            self.needs = tuple([isinstance(x, Tensor) and x._requires_grad for x in inputs])
        recorded = True in self.needs
        result = self.forward(*arrays)
        if not recorded:
            if isinstance(result, tuple):
                return tuple([Tensor._wrap(array) for array in result])
            output = Tensor._wrap(result)
            if self.is_view:
                source: Any = inputs[0]
                output._version = source._shared_version()
                if _mode.grad:
                    output._version.hold(source, output)
            return output
        self.edges = tuple([x._edge() if need else None for x, need in zip(inputs, self.needs, strict=True)])  # type: ignore[union-attr]
        outputs = self._wrap_outputs(result if isinstance(result, tuple) else (result,), inputs)
        if self._kept_inputs or self._kept_outputs:
            self._save(inputs, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _wrap_outputs(self, arrays: tuple, inputs: Sequence) -> tuple[Tensor, ...]:
        outputs = []
        for slot, array in enumerate(arrays):
            output = Tensor._wrap(array)
            if array is not None and array.dtype.kind == "f":
                output._node, output._slot, output._requires_grad = self, slot, True
            outputs.append(output)
        if self.is_view:
            outputs[0]._version = cell = inputs[0]._shared_version()
            cell.recorded_views += 1
            outputs[0]._is_view = True
        if len(arrays) > 1:
            self.outputs = len(arrays)
            self._shapes = [(array.shape, array.dtype) for array in arrays]
            self._module = array_module(arrays[0])
        if _mode.trace is not None:
            _mode.trace.note(self, inputs, arrays)
        return tuple(outputs)

    def _save(self, inputs: Sequence, outputs: Sequence[Tensor]) -> None:
        """Keep arrays with their versions and edges: input i under i, output i under ~i."""
        self._saved = {}
        for i in self._kept_inputs:
            x = inputs[i]
            if isinstance(x, Tensor):
                cell = x._shared_version()
                self._saved[i] = (x._data, cell, cell.count, self.edges[i])
            else:
                self._saved[i] = (x, None, 0, None)
        for i in self._kept_outputs:
            y = outputs[i]
            cell = y._shared_version()
            self._saved[~i] = (y._data, cell, cell.count, None)  # the edge is (self, i): kept here, it would be a cycle

    def input(self, i: int) -> Any:
        """Retained input i: a Tensor joined to the graph, or the number or None it was."""
        return self._load(i, f"input {i}")

    def output(self, i: int = 0) -> Tensor:
        """Retained output i, as a Tensor joined to the graph."""
        return self._load(~i, f"output {i}")

    def _load(self, key: int, what: str) -> Any:
        if self._saved is None:
            raise RuntimeError(
                f"[{self.name}] expected a graph to go back through, got one that an earlier backward has freed; "
                "pass retain_graph=True to that backward"
            )
        array, cell, count, edge = self._saved[key]
        if cell is None:
            return array
        if cell.count != count:
            raise RuntimeError(
                f"[{self.name}] expected {what} as it was in the forward pass, got a tensor of shape "
                f"{tuple(array.shape)} that was changed in place since (version {cell.count}, was {count})"
            )
        tensor = Tensor._wrap(array)
        tensor._version = cell
        if key < 0:
            edge = self, ~key
        if edge is not None:
            tensor._node, tensor._slot, tensor._requires_grad = edge[0], edge[1], True
        return tensor

    def release(self) -> None:
        """Forget what was retained."""
        self._saved = None

    def __repr__(self) -> str:
        return f"<{self.name}>"
