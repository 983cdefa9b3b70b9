"""Where a training that diverged stopped being finite."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from .. import recording
from ..autograd import Function
from ..autograd.mode import _mode
from ..nn import Module
from ..optim.optimizer import Optimizer
from ..tensor import Tensor
from .errors import DivergenceError

_OPERATIONS = ("pydl.autograd", "pydl.ops", "pydl.tensor", "pydl.methods")


class _Found(Exception):
    """Carries the first layer that was not finite out of a forward pass, and a sentence about it."""


def require_finite(name: str, loss: Tensor) -> None:
    """DivergenceError if a loss is not finite; in a recorded step every replay asks again.

    A task that asks this before it takes gradients leaves its parameters as they were when the loss was computed, so
    that `locate` can still see which layer it was.
    """
    recording.check(partial(_require_finite, name), loss._data)


def _require_finite(name: str, loss: Any) -> None:
    value = float(loss)
    if not math.isfinite(value):
        raise DivergenceError(f"[fit] expected a finite loss, got {name} = {value}", name, value)


def locate(task: Any, batch: Any) -> tuple[str, str]:
    """The layer (or array) of `task` that was the first not to be finite, and a sentence about it.

    Looked at in this order: the batch; parameters, which the update before spoiled, with the gradients that did it;
    the outputs and buffers of the layers, one after the other, in one more step on the batch: what spoiled the running
    statistics of a normalisation is the layer before it. The layer is empty where none of these is at fault.
    """
    for i, part in enumerate(batch if isinstance(batch, (tuple, list)) else [batch]):
        if not _is_finite(part):
            return f"batch[{i}]", f"the batch itself holds inf or nan, in its array {i}"
    networks = _networks(task)
    if not networks:
        return "", "the task has no networks in which to look for where it began"
    return _in_parameters(networks) or _in_outputs(task, networks, batch)


def layer_of(task: Any, name: str) -> str:
    """The layer of `task` to which the array `name` of its state belongs, of an optimizer's too; empty if to none."""
    root, *path = name.split(".")
    part = getattr(task, root, None)
    if isinstance(part, Module):
        return name.rpartition(".")[0]
    if isinstance(part, Optimizer) and path[:1] == ["state"]:
        moved = [p for group in part.param_groups for p in group["params"]][int(path[1])]
        named = (pair for root, network in _networks(task).items() for pair in network.named_parameters(prefix=root))
        return next((own.rpartition(".")[0] for own, p in named if p is moved), "")
    return ""


def _networks(task: Any) -> dict[str, Module]:
    return {name: part for name, part in vars(task).items() if isinstance(part, Module)}


def _in_parameters(networks: dict[str, Module]) -> tuple[str, str] | None:
    """A gradient that is not finite spoils those of all earlier layers too: it began at the last such layer."""
    spoiled = [
        (name, p) for root, network in networks.items() for name, p in network.named_parameters(prefix=root)
        if not _is_finite(p)
    ]  # fmt: skip
    if not spoiled:
        return None
    gradients = [name for name, p in spoiled if p.grad is not None and not _is_finite(p.grad)]
    if gradients:
        layer = gradients[-1].rpartition(".")[0]
        return layer, f"it began with the gradient of {gradients[-1]}, by which an update spoiled the parameters"
    layer = spoiled[0][0].rpartition(".")[0]
    return layer, f"it began with the update of {spoiled[0][0]}, whose gradient was finite"


def _in_outputs(task: Any, networks: dict[str, Module], batch: Any) -> tuple[str, str]:
    with ExitStack() as hooks:
        operations = hooks.enter_context(_Operations())
        for root, network in networks.items():
            for name, layer in network.named_modules(prefix=root):
                hooks.callback(layer.register_forward_hook(_watch(name)).remove)
        try:
            task.step(batch)
        except _Found as found:
            return found.args
        except Exception:  # whatever it is, the error to be told is the first one
            pass
    words = "the outputs of all layers were finite in one more step"
    if operations.found:
        return "", f"{words}; it began in the loss, with {operations.found}"
    return "", f"{words}, so it began in the loss or in its gradient"


class _Operations:
    """In the place of a Trace: the last operation that made inf or nan of finite inputs, and who called it.

    Not the first: a mask of -inf is no fault, and what follows it makes finite numbers of it.
    """

    found = ""

    def __enter__(self) -> _Operations:
        self._before, _mode.trace = _mode.trace, self
        return self

    def __exit__(self, *exc: object) -> None:
        _mode.trace = self._before

    def note(self, node: Function, inputs: Any, arrays: tuple) -> None:
        bad = next((array for array in arrays if array is not None and not _is_finite(array)), None)
        if bad is not None and all(_is_finite(x) for x in inputs if hasattr(x, "dtype")):
            held = bad[~np.isfinite(bad)][0]
            self.found = f"the result of {node.name} in {_caller()}, which held {held}"


def _caller() -> str:
    """The function that called an operation, from outside of the operations themselves."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_OPERATIONS):
        frame = frame.f_back
    name = frame.f_code.co_qualname.replace(".<locals>", "")
    return f"{name} ({os.path.basename(frame.f_code.co_filename)}, line {frame.f_lineno})"


def _watch(name: str) -> Any:
    def hook(layer: Module, inputs: Any, output: Any) -> None:
        for tensor in _tensors(output):
            if not _is_finite(tensor):
                values = tensor.detach().numpy()
                held = values[~np.isfinite(values)][0]
                raise _Found(name, f"it began with the output of {name} ({type(layer).__name__}), which held {held}")
        for buffer, value in layer.named_buffers(prefix=name, recurse=False):
            if not _is_finite(value):
                raise _Found(name, f"it began with the buffer {buffer}")

    return hook


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)


def _is_finite(value: Any) -> bool:
    array = value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())
