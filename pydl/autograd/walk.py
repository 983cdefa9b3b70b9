"""The walk back through the graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import recording
from ..tensor import Tensor
from .graph import Edge, Function, Leaf, Node
from .mode import enable_grad, no_grad


def _order(roots: Sequence[Node]) -> list[Node]:
    """Every node reachable from the roots, each after all the nodes it depends on; iterative, for deep graphs."""
    seen: set[Node] = set()
    order: list[Node] = []
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack: list[tuple[Node, Iterator]] = [(root, iter(root.edges))]
        while stack:
            node, edges = stack[-1]
            for edge in edges:
                if edge is not None and edge[0] not in seen:
                    seen.add(edge[0])
                    stack.append((edge[0], iter(edge[0].edges)))
                    break
            else:
                stack.pop()
                order.append(node)
    return order


def _wanted(order: list[Node], targets: set[Node]) -> set[Node]:
    """The nodes through which a target is reached."""
    wanted: set[Node] = set()
    for node in order:
        if node in targets or any(edge is not None and edge[0] in wanted for edge in node.edges):
            wanted.add(node)
    return wanted


def _zeros_for(node: Function, slot: int) -> Tensor:
    shape, dtype = node._shapes[slot]
    return Tensor._wrap(node._module.zeros(shape, dtype))


def _propagate(node: Function, grads: list[Tensor | None], wanted: set[Node] | None) -> Sequence[Tensor | None]:
    """Gradients of the node's inputs, those that lead to no target left out; unused outputs count as zero."""
    if node.outputs > 1:
        grads = [_zeros_for(node, i) if g is None else g for i, g in enumerate(grads)]
    needs = node.needs
    if wanted is not None:
        node.needs = tuple([edge is not None and edge[0] in wanted for edge in node.edges])
    try:
        result = node.backward(*grads)
    finally:
        node.needs = needs
    result = result if isinstance(result, tuple) else (result,)
    if len(result) != len(node.edges):
        raise RuntimeError(f"[{node.name}] expected backward to return {len(node.edges)} gradients, got {len(result)}")
    return result


def run_backward(
    roots: Sequence[tuple[Edge, Tensor]],
    targets: dict[Edge, Any] | None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Edge, Tensor]:
    """Walk back from the roots. With targets, returns their gradients; without, adds to the `grad` of each leaf."""
    order = _order([edge[0] for edge, _ in roots])
    wanted = None if targets is None else _wanted(order, {node for node, _ in targets})
    found: dict[Edge, Tensor] = {}
    arrived: list[tuple[Leaf, Tensor]] = []
    pending: dict[Node, list[Tensor | None]] = {}
    foreign = set()  # arrays that someone else may hold: they must not become a leaf's gradient
    with enable_grad() if create_graph else no_grad():
        for (node, slot), grad in roots:
            _accumulate(pending, (node, slot), grad)
            foreign.add(id(grad._data))
        while order:
            node = order.pop()
            grads = pending.pop(node, None)
            if grads is None or (wanted is not None and node not in wanted):
                continue
            if node.hooks:
                node.run_hooks(grads)
            if targets is not None:
                for slot, grad_ in enumerate(grads):
                    if grad_ is not None and (node, slot) in targets:
                        found[node, slot] = grad_
            if isinstance(node, Leaf):
                if targets is None and grads[0] is not None:
                    arrived.append((node, grads[0]))
                continue
            assert isinstance(node, Function)
            inputs = _propagate(node, grads, wanted)
            for edge, grad_ in zip(node.edges, inputs, strict=True):
                if edge is not None and grad_ is not None and (wanted is None or edge[0] in wanted):
                    _accumulate(pending, edge, grad_)
            if not retain_graph:
                node.release()
        for leaf, grad in arrived:
            _store_grad(leaf, grad, foreign)
    return found


def _accumulate(pending: dict[Node, list[Tensor | None]], edge: Edge, grad: Tensor) -> None:
    node, slot = edge
    grads = pending.get(node)
    if grads is None:
        pending[node] = grads = [None] * node.outputs  # type: ignore[attr-defined]
    before = grads[slot]
    grads[slot] = grad if before is None else before + grad


def _store_grad(leaf: Leaf, grad: Tensor, foreign: set[int]) -> None:
    tensor = leaf.tensor()
    if tensor is None:
        return
    if recording.running:
        recording.tell("store_grad", tensor)
    if tensor.grad is not None:
        tensor.grad = tensor.grad + grad
        return
    array = grad._data
    # A view, or an array that two leaves would share, is copied: `grad` may be changed in place.
    if id(array) in foreign or isinstance(array.base, (np.ndarray, type(array))):
        grad = grad.clone()
    foreign.add(id(array))
    tensor.grad = grad
