"""What must be as it was in the recorded call for a replay to be right."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import cpu_kernels
from ..nn.module import _TABLES
from .recorder import Recorder

# What a module may have as an option; one that the step itself changes is a counter.
_OPTIONS = (bool, float, int, str, tuple, type(None), np.generic)


def guards_of(recorder: Recorder) -> Any:
    """Guards over all that the step used from outside: tensors, modules, optimizers."""
    guards = cpu_kernels().Guards()
    for seen in recorder.lasting():
        guards.add_attribute(seen.tensor, "_data", seen.array)
        guards.add_attribute(seen.tensor, "_requires_grad", seen.requires_grad)
        if seen.tensor._node is not None:
            _add_leaf(guards, seen.tensor)
    for module in recorder.lasting_modules():
        _add_module(guards, module, recorder.fields[id(module)])
    for optimizer in recorder.optimizers.values():
        _add_optimizer(guards, optimizer)
    return guards


def _add_leaf(guards: Any, tensor: Any) -> None:
    node = tensor._node
    guards.add_attribute(tensor, "_node", node)
    if node.hooks is None:
        guards.add_attribute(node, "hooks", None)
    else:
        _add_entries(guards, node.hooks)
        for hooks in node.hooks.values():
            _add_entries(guards, hooks)


def _add_entries(guards: Any, entries: dict) -> None:
    guards.add_size(entries, len(entries))
    for key, value in entries.items():
        guards.add_item(entries, key, value)


def _add_module(guards: Any, module: Any, before: dict[str, Any]) -> None:
    guards.add_attribute(module, "training", module.training)
    fields = vars(module)
    for table in (*_TABLES, "_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
        _add_entries(guards, fields[table])
    guards.add_size(fields, len(fields))  # a new one may stand before an attribute of the class
    for name, value in fields.items():
        if isinstance(value, _OPTIONS) and value is before.get(name):
            guards.add_item(fields, name, value)


def _add_optimizer(guards: Any, optimizer: Any) -> None:
    for name in ("state", "param_groups"):
        guards.add_attribute(optimizer, name, getattr(optimizer, name))
        guards.add_size(getattr(optimizer, name), len(getattr(optimizer, name)))
    for group in optimizer.param_groups:
        guards.add_size(group, len(group))
        guards.add_item(group, "params", group["params"])
        guards.add_size(group["params"], len(group["params"]))
        for i, parameter in enumerate(group["params"]):
            guards.add_element(group["params"], i, parameter)
    for parameter, entry in optimizer.state.items():
        guards.add_item(optimizer.state, parameter, entry)
        guards.add_size(entry, len(entry))
        for name, value in entry.items():
            if name != "step":
                guards.add_item(entry, name, value)
                guards.add_attribute(value, "_data", value._data)
    for hooks in (optimizer._pre_hooks, optimizer._post_hooks):
        guards.add_size(hooks, 0)
