"""The computational graph of a tensor as boxes and arrows, with values, gradients and local derivatives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import array_module
from ..tensor import Tensor
from .graph import Edge, Function, Leaf, Node
from .mode import _mode, no_grad
from .walk import _order, _propagate, run_backward


class Trace:
    """A context within which the values of all operations are kept, so that their graph can be drawn with them.

    Without one, a picture shows those values only that the backward pass needs. It records the operations that
    gradients go through, on this thread, and keeps their memory until it is dropped.
    """

    def __init__(self) -> None:
        self.values: dict[Edge, Any] = {}
        self.constants: dict[Node, list[tuple[int, Any, Any]]] = {}  # which input, the array, its value then

    def __enter__(self) -> Trace:
        self._before, _mode.trace = _mode.trace, self
        return self

    def __exit__(self, *exc: object) -> None:
        _mode.trace = self._before

    def note(self, node: Function, inputs: Any, arrays: tuple) -> None:
        """Called by every recorded operation."""
        for slot, array in enumerate(arrays):
            self.values[node, slot] = None if array is None else array.copy()  # it may be changed in place later
        found = [(i, x) for i, (x, need) in enumerate(zip(inputs, node.needs, strict=True)) if not need]
        given = [(i, x._data if isinstance(x, Tensor) else x) for i, x in found if x is not None]
        self.constants[node] = [(i, x, x.copy() if hasattr(x, "copy") else x) for i, x in given]


@dataclass
class Box:
    """A value in the graph: the operation that made it ("" for leaves and constants), its name, value, gradient."""

    operation: str
    name: str = ""
    value: Any = None
    gradient: Any = None


@dataclass
class Arrow:
    """From an input to what was made of it; `derivative` of the one by the other where both are single numbers."""

    source: Hashable
    target: Hashable
    derivative: float | None = None


def boxes_and_arrows(
    output: Tensor, trace: Trace | None = None, names: Mapping[str, Tensor] | None = None
) -> tuple[dict[Hashable, Box], list[Arrow]]:
    """The graph behind `output`, inputs first. Gradients are those of its sum; no `grad` attribute is touched."""
    if not isinstance(output, Tensor):
        raise TypeError(f"[draw_graph] expected output as a tensor, got {type(output).__name__}")
    if trace is not None and not isinstance(trace, Trace):
        raise TypeError(f"[draw_graph] expected trace as a Trace, got {type(trace).__name__}; names go by names=")
    if names is not None and not isinstance(names, Mapping):
        raise TypeError(f"[draw_graph] expected names as a dict of tensors, got {type(names).__name__}")
    if not output.requires_grad:
        raise RuntimeError(f"[draw_graph] expected an output that requires grad, got one of shape {output.shape}")
    for name, tensor in (names or {}).items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"[draw_graph] expected names of tensors, got {type(tensor).__name__} for {name!r}")
    order = _order([output._edge()[0]])
    edges = _edges(order, output)
    ones = Tensor._wrap(array_module(output._data).ones_like(output._data))
    gradients = run_backward([(output._edge(), ones)], dict.fromkeys(edges), True, False)
    values = {**_kept(order), **(trace.values if trace else {}), output._edge(): output._data}
    titles = {(t._edge() if t.requires_grad else id(t._data)): name for name, t in (names or {}).items()}
    for tensor in (names or {}).values():
        if tensor.requires_grad:
            values[tensor._edge()] = tensor._data
    boxes: dict[Hashable, Box] = {}
    arrows: list[Arrow] = []
    for edge in edges:
        node = edge[0]
        grad = gradients.get(edge)
        operation = node.name.lower() if isinstance(node, Function) else ""
        if isinstance(node, Function):
            for i, constant, value in trace.constants.get(node, []) if trace else []:
                boxes.setdefault((node, "constant", i), Box("", titles.get(id(constant), ""), value))
                arrows.append(Arrow((node, "constant", i), edge))
            local = _local(node, edge, edges, gradients)
            arrows += [Arrow(source, edge, local[i]) for i, source in enumerate(node.edges) if source is not None]
        boxes[edge] = Box(operation, titles.get(edge, ""), values.get(edge), None if grad is None else grad._data)
    return boxes, arrows


def _edges(order: list[Node], output: Tensor) -> list[Edge]:
    """Every output of a node that something uses, inputs first."""
    used: dict[Node, set[int]] = {node: set() for node in order}
    used[output._edge()[0]].add(output._edge()[1])
    for node in order:
        for edge in node.edges:
            if edge is not None:
                used[edge[0]].add(edge[1])
    return [(node, slot) for node in order for slot in sorted(used[node])]


def _kept(order: list[Node]) -> dict[Edge, Any]:
    """The values of leaves, and those that the backward pass needs."""
    values: dict[Edge, Any] = {}
    for node in order:
        tensor = node.tensor() if isinstance(node, Leaf) else None
        if tensor is not None:
            values[node, 0] = tensor._data
        for key, (array, _, _, edge) in (getattr(node, "_saved", None) or {}).items():
            if edge is not None:
                values[edge] = array
            elif key < 0:
                values[node, ~key] = array
    return values


def _local(node: Function, edge: Edge, edges: list[Edge], gradients: Mapping[Edge, Tensor]) -> list[float | None]:
    """∂output/∂input for each input of an operation from numbers to a number; None for others."""
    nothing: list[float | None] = [None] * len(node.edges)
    single = [e is not None and e in gradients and gradients[e].numel() == 1 for e in node.edges]
    if node.outputs != 1 or edge not in gradients or gradients[edge].numel() != 1 or not any(single):
        return nothing
    one = Tensor._wrap(array_module(gradients[edge]._data).ones_like(gradients[edge]._data))
    with no_grad():
        found = _propagate(node, [one], None)
    return [float(g.item()) if fits and g is not None else None for fits, g in zip(single, found, strict=True)]


def describe(value: Any) -> str:
    """A value in few characters: the numbers where they are few, else shape and length."""
    if isinstance(value, (int, float)):
        return f"{value:.4g}"
    if not hasattr(value, "shape"):
        return str(value)[:20]
    array = np.asarray(value.get() if hasattr(value, "get") else value)
    if array.size == 1:
        return f"{array.item():.4g}"
    if array.size <= 4:
        return np.array2string(array, separator=", ", formatter={"all": lambda x: f"{x:.4g}"}).replace("\n", "")
    return f"{' × '.join(map(str, array.shape))}, length {np.linalg.norm(array.astype(np.float64)):.4g}"
