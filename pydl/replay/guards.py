"""What must be as it was in the recorded call for a replay to be right."""

from __future__ import annotations

from typing import Any

from ..backend import cpu_kernels
from .recorder import Recorder


def guards_of(recorder: Recorder) -> Any:
    """Guards over all that the step used from outside: tensors, modules, optimizers."""
    guards = cpu_kernels().Guards()
    for seen in recorder.lasting():
        guards.add_attribute(seen.tensor, "_data", seen.array)
        guards.add_attribute(seen.tensor, "_requires_grad", seen.requires_grad)
    for module in recorder.lasting_modules():
        _add_module(guards, module)
    for optimizer in recorder.optimizers.values():
        _add_optimizer(guards, optimizer)
    return guards


def _add_module(guards: Any, module: Any) -> None:
    guards.add_attribute(module, "training", module.training)
    fields = vars(module)
    for table in ("_parameters", "_buffers", "_modules"):
        for name, entry in fields[table].items():
            guards.add_item(fields[table], name, entry)
    for hooks in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
        guards.add_size(fields[hooks], len(fields[hooks]))


def _add_optimizer(guards: Any, optimizer: Any) -> None:
    for name in ("state", "param_groups"):
        guards.add_attribute(optimizer, name, getattr(optimizer, name))
        guards.add_size(getattr(optimizer, name), len(getattr(optimizer, name)))
    for group in optimizer.param_groups:
        guards.add_size(group, len(group))
        guards.add_item(group, "params", group["params"])
        guards.add_size(group["params"], len(group["params"]))
    for parameter, entry in optimizer.state.items():
        guards.add_item(optimizer.state, parameter, entry)
        guards.add_size(entry, len(entry))
        for name, value in entry.items():
            if name != "step":
                guards.add_item(entry, name, value)
                guards.add_attribute(value, "_data", value._data)
    for hooks in (optimizer._pre_hooks, optimizer._post_hooks):
        guards.add_size(hooks, 0)
