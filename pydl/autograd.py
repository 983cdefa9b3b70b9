"""The define-by-run tape: operations as nodes, and the walk back through them.

A tensor that needs a gradient names its place in the graph by an edge, (node, slot): slot `slot` of the outputs of
`node`. Nodes hold arrays and edges, never tensors, so that a gradient kept on a leaf closes no reference cycle.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ContextDecorator
from threading import local
from typing import Any

from .backend import Array
from .tensor import Tensor

Edge = tuple["Node", int]


class _Mode(local):
    grad = True


_mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations are recorded on this thread."""
    return _mode.grad


class set_grad_enabled(ContextDecorator):
    """Record operations, or not, inside a `with` block or a decorated function; as a call, from now on."""

    def __init__(self, mode: bool) -> None:
        self._before = _mode.grad
        self._wanted = _mode.grad = bool(mode)

    def __enter__(self) -> None:
        _mode.grad = self._wanted

    def __exit__(self, *exc: object) -> None:
        _mode.grad = self._before


class _GradScope(ContextDecorator):
    wanted: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_mode.grad)
        _mode.grad = self.wanted

    def __exit__(self, *exc: object) -> None:
        _mode.grad = self._before.pop()


class no_grad(_GradScope):
    """Within it nothing is recorded; a context manager and a decorator."""

    wanted = False


class enable_grad(_GradScope):
    """Within it operations are recorded, also inside no_grad."""

    wanted = True


class Node:
    """A place in the graph: what made a tensor, or a leaf that gradients arrive at."""

    edges: tuple[Edge | None, ...] = ()
    hooks: dict[int, list[Callable]] | None = None  # by slot

    def add_hook(self, slot: int, hook: Callable) -> Callable[[], None]:
        """Call `hook` on the gradient of output `slot`; returns what removes it."""
        if self.hooks is None:
            self.hooks = {}
        hooks = self.hooks.setdefault(slot, [])
        hooks.append(hook)
        return lambda: hooks.remove(hook) if hook in hooks else None

    def run_hooks(self, grads: list[Tensor | None]) -> None:
        for slot, hooks in (self.hooks or {}).items():
            for hook in list(hooks):
                result = hook(grads[slot])
                if result is not None:
                    grads[slot] = result


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
        arrays = [x._data if isinstance(x, Tensor) else x for x in inputs]
        if _mode.grad:
            self.needs = tuple([isinstance(x, Tensor) and x._requires_grad for x in inputs])
        recording = True in self.needs
        result = self.forward(*arrays)
        if not recording:
            if isinstance(result, tuple):
                return tuple([Tensor._wrap(array) for array in result])
            output = Tensor._wrap(result)
            if self.is_view:
                output._version = inputs[0]._shared_version()  # type: ignore[union-attr]
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
            self._like = arrays[0]
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
            self._saved[~i] = (y._data, cell, cell.count, (self, i))

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
        if edge is not None:
            tensor._node, tensor._slot, tensor._requires_grad = edge[0], edge[1], True
        return tensor

    def release(self) -> None:
        """Forget what was retained."""
        self._saved = None

    def __repr__(self) -> str:
        return f"<{self.name}>"


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
    from .backend import array_module

    shape, dtype = node._shapes[slot]
    return Tensor._wrap(array_module(node._like).zeros(shape, dtype))


def _propagate(node: Function, grads: list[Tensor | None]) -> Sequence[Tensor | None]:
    """Gradients of the node's inputs; outputs that nobody used count as zero."""
    if node.outputs > 1:
        grads = [_zeros_for(node, i) if g is None else g for i, g in enumerate(grads)]
    result = node.backward(*grads)
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
            inputs = _propagate(node, grads)
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
    if tensor.grad is not None:
        tensor.grad = tensor.grad + grad
        return
    array = grad._data
    # A view, or an array that two leaves would share, is copied: `grad` may be changed in place.
    if id(array) in foreign or isinstance(array.base, type(array)):
        grad = grad.clone()
    foreign.add(id(array))
    tensor.grad = grad


def _root_gradient(function: str, output: Tensor, grad: Tensor | None) -> Tensor:
    from .backend import array_module

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
