"""What every optimizer has: groups of parameters with options, state for each parameter, and how both are saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, recording
from ..autograd import enable_grad
from ..backend import kernels
from ..tensor import RemovableHandle, Tensor
from .checks import check_gradient, check_parameters


class Optimizer:
    """Changes parameters in place along their `grad`.

    `params` is an iterable of leaves, or of dicts whose "params" are leaves and whose other entries replace the
    options of that group. Groups are in `param_groups`, and may be changed there between steps.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._pre_hooks: list[Callable[..., Any]] = []
        self._post_hooks: list[Callable[..., Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups: Any = [params] if isinstance(params, (Tensor, set, frozenset)) else params
        try:
            groups = list(groups)
        except TypeError:
            raise TypeError(f"[{self._name}] expected an iterable of tensors or dicts, got {params!r}") from None
        if not groups:
            raise ValueError(f"[{self._name}] expected at least one parameter, got an empty list")
        if not isinstance(groups[0], dict):
            groups = [{"params": params if isinstance(params, (set, frozenset)) else groups}]
        for group in groups:
            self.add_param_group(group)

    @property
    def _name(self) -> str:
        return type(self).__name__

    # What a kind of optimizer defines

    def _check_group(self, group: dict[str, Any]) -> None:
        """Raise where an option of the group is wrong."""
        raise NotImplementedError

    def _buffers(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Names of the arrays kept for each parameter of the group."""
        raise NotImplementedError

    def _arrays_of(self, group: dict[str, Any], params: list[Tensor]) -> tuple[Any, ...]:
        """The lists of arrays that the kernel works on beside parameters and gradients; None for one left out."""
        raise NotImplementedError

    def numbers(self, group: dict[str, Any], states: list[dict[str, Any]]) -> tuple[Any, ...]:
        """The numbers that the kernel is given for the step that begins of parameters with these states."""
        raise NotImplementedError

    _kernel = ""
    _counts_steps = False

    # Groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add {"params": …, option: value, …}; options not given are the defaults."""
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f"[{self._name}] expected a dict with params, got {type(param_group).__name__}")
        unknown = sorted(set(map(str, param_group)) - {"params", "initial_lr", "name", *self.defaults})
        if unknown:
            raise ValueError(f"[{self._name}] expected options {sorted(self.defaults)}, got {unknown}")
        params = check_parameters(self._name, param_group["params"])
        recording.refuse("it adds a group to an optimizer")
        group = {"params": params, **self.defaults, **{k: v for k, v in param_group.items() if k != "params"}}
        seen = {id(p) for other in self.param_groups for p in other["params"]}
        for i, parameter in enumerate(params):
            if id(parameter) in seen:
                raise ValueError(f"[{self._name}] expected every parameter once, got one again at {i}")
            seen.add(id(parameter))
        self._check_group(group)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget every gradient, or make it zero."""
        for group in self.param_groups:
            if recording.running:
                recording.tell("watch_grads", group["params"])
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is not None:
                    parameter.grad.detach_().zero_()

    # Steps

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before every step; what it returns but None replaces (args, kwargs)."""
        return _registered(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after every step."""
        return _registered(self._post_hooks, hook)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what `closure` (run first, with gradients) returns."""
        args: tuple = () if closure is None else (closure,)
        if self._pre_hooks or self._post_hooks:
            recording.refuse("an optimizer has hooks")
        named: dict[str, Any] = {}
        for hook in list(self._pre_hooks):
            replaced = hook(self, args, named)
            args, named = (args, named) if replaced is None else replaced
        loss = self._step(*args, **named)
        for hook in list(self._post_hooks):
            hook(self, args, named)
        return loss

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            recording.refuse("an optimizer's step is given a closure")
            with enable_grad():
                loss = closure()
        work = []
        for group in self.param_groups:
            if not group.keys() >= self.defaults.keys():
                missing = sorted(set(self.defaults) - set(group))
                raise ValueError(
                    f"[{self._name}.step] expected options {sorted(self.defaults)}, got none for {missing}"
                )
            self._check_group(group)
            if recording.running:
                recording.tell("watch_grads", group["params"])
            params = [p for p in group["params"] if p.grad is not None]
            for parameter in params:
                check_gradient(f"{self._name}.step", parameter)
            if params:
                work.append((group, params))
        for group, params in work:
            self._update(group, params)
            for parameter in params:
                parameter._shared_version().count += 1
        return loss

    def _update(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """One step of the parameters (all with a gradient) of a group."""
        self._run(group, params)

    def _run(self, group: dict[str, Any], params: list[Tensor], *options: Any) -> None:
        """One call of the kernel."""
        if recording.running:
            recording.tell("begin_step", self, group, params)
        numbers = plain(group)
        getattr(kernels(params[0]._data), self._kernel)(
            [p._data for p in params],
            [p.grad._data for p in params],  # type: ignore[union-attr]
            *self._arrays_of(numbers, params),
            *self.numbers(numbers, [self.state[p] for p in params]),
            *options,
        )

    def _arrays(self, params: Sequence[Tensor], name: str, value: float = 0.0) -> list[Any]:
        """The arrays of state `name`, made full of `value` where they are new."""
        result = []
        for parameter in params:
            state = self.state[parameter]
            if name not in state:
                recording.refuse("an optimizer makes its state")
                like = parameter._data
                array = backend.duplicate(like, like.dtype) if isinstance(like, np.ndarray) else like.copy()
                array.fill(value)
                state[name] = Tensor._wrap(array)
            result.append(state[name]._data)
        return result

    def _count(self, states: list[dict[str, Any]]) -> list[int]:
        """How many steps each parameter has had, with the one that begins."""
        counts = [state.get("step", 0) + 1 for state in states]
        for state, count in zip(states, counts, strict=True):
            state["step"] = count
        return counts

    # Saving

    def state_dict(self) -> dict[str, Any]:
        """Options and state, with every parameter named by its number: nothing but numbers, strings and tensors."""
        numbers = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [{**group, "params": [numbers[id(p)] for p in group["params"]]} for group in self.param_groups]
        state = {numbers[id(p)]: dict(entry) for p, entry in self.state.items() if entry}
        return {"state": dict(sorted(state.items())), "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave; ValueError where it does not fit, and then nothing has changed."""
        function = f"{self._name}.load_state_dict"
        recording.refuse("it loads a state")
        if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= set(state_dict):
            raise ValueError(
                f"[{function}] expected a dict with state and param_groups, got {type(state_dict).__name__}"
            )
        groups = self._loaded_groups(function, state_dict["param_groups"])
        params = [(p, group) for group in groups for p in group["params"]]
        numbers = [n for saved in state_dict["param_groups"] for n in saved["params"]]
        by_number = dict(zip(numbers, params, strict=True))
        unknown = [n for n in state_dict["state"] if n not in by_number]
        if unknown:
            raise ValueError(f"[{function}] expected state of parameters {numbers}, got some for {unknown}")
        state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        for number, entry in state_dict["state"].items():
            parameter, group = by_number[number]
            state[parameter] = self._loaded_entry(function, number, entry, parameter, group)
        self.param_groups, self.state = groups, state

    def _loaded_groups(self, function: str, saved: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        sizes = [len(group["params"]) for group in saved]
        own = [len(group["params"]) for group in self.param_groups]
        if sizes != own:
            raise ValueError(f"[{function}] expected groups of {own} parameters, got {sizes}")
        known = {"initial_lr", "name", *self.defaults}
        groups = []
        for group, now in zip(saved, self.param_groups, strict=True):
            missing = sorted(set(self.defaults) - set(group))
            if missing:
                raise ValueError(f"[{function}] expected options {sorted(self.defaults)}, got none for {missing}")
            options = {k: v for k, v in group.items() if k in known}
            groups.append({**now, **options, "params": now["params"]})
            self._check_group(groups[-1])
        return groups

    def _loaded_entry(
        self, function: str, number: Any, entry: dict[str, Any], parameter: Tensor, group: dict[str, Any]
    ) -> dict[str, Any]:
        given = {name: value for name, value in entry.items() if value is not None}
        wanted = {*self._buffers(group), *(["step"] if self._counts_steps else [])}
        if not self._counts_steps:
            given.pop("step", None)
        if given and set(given) != wanted:
            raise ValueError(
                f"[{function}] expected state {sorted(wanted)} for parameter {number}, got {sorted(given)}"
            )
        return {name: _loaded_value(function, number, name, given[name], parameter) for name in given}


def _registered(hooks: list[Callable[..., Any]], hook: Callable[..., Any]) -> RemovableHandle:
    if not callable(hook):
        raise TypeError(f"[register_hook] expected a function, got {type(hook).__name__}")
    hooks.append(hook)
    return RemovableHandle(lambda: hooks.remove(hook) if hook in hooks else None)


def plain(value: Any) -> Any:
    """Options with Python numbers for NumPy's and for tensors of one element."""
    if type(value) in (float, int, bool):
        return value
    if isinstance(value, dict):
        return {name: option if name == "params" else plain(option) for name, option in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple([plain(x) for x in value])
    if isinstance(value, Tensor):
        return value._data.item()
    return value.item() if isinstance(value, np.generic) else value


def _loaded_value(function: str, number: Any, name: str, value: Any, parameter: Tensor) -> Any:
    array = value.detach().cpu()._data if isinstance(value, Tensor) else np.asarray(value)
    if name == "step":
        if array.size != 1 or array.dtype.kind not in "iuf" or not 0 <= array.item() == int(array.item()):
            raise ValueError(f"[{function}] expected step as a count for parameter {number}, got {value!r}")
        return int(array.item())
    if array.shape != parameter.shape or array.dtype.kind != "f":
        raise ValueError(
            f"[{function}] expected {name} of floats of shape {parameter.shape} for parameter {number}, "
            f"got {array.dtype} of shape {array.shape}"
        )
    return Tensor._wrap(backend.to_device(backend.duplicate(array, parameter.dtype), parameter.device))
