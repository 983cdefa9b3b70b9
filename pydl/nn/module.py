"""Module: parameters, buffers and submodules under one name each, and what is done to all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .. import recording
from ..arrays import as_dtype, float32, float64
from ..tensor import RemovableHandle, Tensor
from . import state
from .hooks import call_with_hooks
from .parameter import Parameter

Self = TypeVar("Self", bound="Module")
_TABLES = ("_parameters", "_buffers", "_modules")


class Module:
    """Base of every layer and model: a subclass calls `super().__init__()` first and writes `forward`.

    Parameters, modules and registered buffers that are assigned as attributes become part of `parameters()`,
    `state_dict()` and the rest, in the order of their assignment. Names and behaviour are PyTorch's.
    """

    training: bool

    def __init__(self) -> None:
        fields = self.__dict__
        fields["training"] = True
        for table in (*_TABLES, "_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
            fields[table] = {}
        fields["_non_persistent"] = set()

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(f"[{type(self).__name__}] expected a class with a method forward, got none")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        fields = self.__dict__
        try:
            hooked = fields["_forward_hooks"] or fields["_forward_pre_hooks"] or fields["_backward_hooks"]
        except KeyError:
            raise AttributeError(self._not_initialised()) from None
        if recording.running:
            recording.tell("enter", self)
        return call_with_hooks(self, inputs, options) if hooked else self.forward(*inputs, **options)

    # Attributes

    def _not_initialised(self) -> str:
        name = type(self).__name__
        return f"[{name}] expected super().__init__() at the start of {name}.__init__, got a module without it"

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__
        for table in _TABLES:
            entries = fields.get(table)
            if entries is not None and name in entries:
                if recording.running:
                    recording.tell("enter", self)
                return entries[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        if isinstance(value, (Parameter, Module)):
            if "_modules" not in fields:
                raise AttributeError(self._not_initialised())
            if hasattr(type(self), name):
                raise KeyError(f"[{type(self).__name__}] expected a name that the class does not use, got {name!r}")
            self._forget(name)
            if isinstance(value, Parameter):
                self.register_parameter(name, value)
            else:
                self.add_module(name, value)
            return
        for table in _TABLES:
            entries = fields.get(table)
            if entries is not None and name in entries:
                self._check_entry(table, name, value)
                entries[name] = value
                return
        object.__setattr__(self, name, value)

    def _check_entry(self, table: str, name: str, value: Any) -> None:
        if value is None or (table == "_buffers" and isinstance(value, Tensor)):
            return
        wanted = {"_parameters": "a Parameter", "_buffers": "a tensor", "_modules": "a Module"}[table]
        raise TypeError(f"[{type(self).__name__}] expected {name} as {wanted} or None, got {type(value).__name__}")

    def _forget(self, name: str) -> None:
        self.__dict__.pop(name, None)
        for table in _TABLES:
            self.__dict__[table].pop(name, None)
        self._non_persistent.discard(name)

    def __delattr__(self, name: str) -> None:
        if any(name in self.__dict__.get(table, ()) for table in _TABLES):
            self._forget(name)
        else:
            object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *(name for table in _TABLES for name in self.__dict__.get(table, ()))})

    def _check_name(self, function: str, table: str, name: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"[{function}] expected name as a string, got {type(name).__name__}")
        if table not in self.__dict__:
            raise AttributeError(self._not_initialised())
        if name == "" or "." in name:
            raise KeyError(f"[{function}] expected a name that is not empty and has no dot, got {name!r}")
        if name not in self.__dict__[table] and hasattr(self, name):
            raise KeyError(f"[{function}] expected a name that is free, got {name!r}, which is an attribute already")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None keeps the name for later and out of `state_dict`."""
        self._check_name("register_parameter", "_parameters", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"[register_parameter] expected param as a Parameter or None, got {type(param).__name__}")
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is no parameter; it moves with the module and, if persistent, is in `state_dict`."""
        self._check_name("register_buffer", "_buffers", name)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"[register_buffer] expected tensor as a tensor or None, got {type(tensor).__name__}")
        self._buffers[name] = tensor
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under `name`."""
        self._check_name("add_module", "_modules", name)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"[add_module] expected module as a Module or None, got {type(module).__name__}")
        self._modules[name] = module

    register_module = add_module

    # Walks: each object once, parents before children

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module under `prefix` and all below it, with dotted names."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named_tensors(self, table: str, prefix: str, recurse: bool, once: bool) -> Iterator[tuple[str, Any]]:
        seen = set()
        for path, module in self.named_modules(None, prefix, once) if recurse else [(prefix, self)]:
            for name, tensor in module.__dict__[table].items():
                if tensor is None or tensor in seen:
                    continue
                if once:
                    seen.add(tensor)
                yield (f"{path}.{name}" if path else name), tensor

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, with its dotted name."""
        return self._named_tensors("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter once."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer once, with its dotted name."""
        return self._named_tensors("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct submodules, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The direct submodules, each once."""
        return (m for _, m in self.named_children())

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (m for _, m in self.named_modules())

    def get_submodule(self, target: str) -> Module:
        """The submodule with a dotted name; this module for the empty one."""
        module = self
        for name in target.split(".") if target else ():
            found = module._modules.get(name)
            if found is None:
                raise AttributeError(f"[get_submodule] expected the name of a submodule, got {target!r}")
            module = found
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with a dotted name."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._parameters.get(name)
        if found is None:
            raise AttributeError(f"[get_parameter] expected the name of a parameter, got {target!r}")
        return found

    # What is done to all

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every submodule, children before parents, and on this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode (dropout drops, batch norm uses the batch's statistics) here and below."""
        if not isinstance(mode, bool):
            raise TypeError(f"[train] expected mode as True or False, got {type(mode).__name__}")
        recording.refuse("it calls train() or eval()")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Set evaluation mode here and below."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Ask for gradients of all parameters, or stop asking."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        parameters = list(self.parameters())
        if recording.running:
            recording.tell("watch_grads", parameters)
        for parameter in parameters:
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach().zero_()

    def _convert(self: Self, fn: Callable[[Tensor], Tensor]) -> Self:
        for parameter in self.parameters():
            parameter.data = fn(parameter.data)
            if parameter.grad is not None:
                parameter.grad = fn(parameter.grad.detach())
        done: dict[Tensor, Tensor] = {}
        for module in self.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    if buffer not in done:
                        done[buffer] = fn(buffer)
                    module._buffers[name] = done[buffer]
        return self

    def to(self: Self, *args: Any, dtype: Any = None, device: str | None = None, non_blocking: bool = False) -> Self:
        """Move parameters and buffers to a device and/or convert those of floats to float32 or float64.

        `non_blocking`, by name or after device and dtype, changes nothing.
        """
        for arg in args:
            if isinstance(arg, bool):
                continue
            if isinstance(arg, Tensor):
                dtype, device = arg.dtype, arg.device
            elif isinstance(arg, str) and arg.partition(":")[0] in ("cpu", "cuda"):
                device = arg
            elif arg is not None:
                dtype = arg
        target = None if dtype is None else as_dtype("to", dtype)
        if target is not None and target not in (float32, float64):
            raise TypeError(f"[to] expected dtype float32 or float64 for a module, got {target}")

        def convert(tensor: Tensor) -> Tensor:
            return tensor.to(dtype=target if tensor.is_floating_point() else None, device=device)

        return self._convert(convert)

    def float(self: Self) -> Self:
        """Parameters and buffers of floats as float32."""
        return self.to(float32)

    def double(self: Self) -> Self:
        """Parameters and buffers of floats as float64."""
        return self.to(float64)

    def cpu(self: Self) -> Self:
        """All on the CPU."""
        return self.to(device="cpu")

    def cuda(self: Self, device: int | None = None) -> Self:
        """All on a GPU."""
        return self.to(device=f"cuda:{device or 0}")

    # State

    def state_dict(
        self, *, destination: dict[str, Tensor] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Tensor]:
        """Parameters and persistent buffers by dotted name, sharing memory with this module."""
        return state.collect(self, {} if destination is None else destination, prefix, keep_vars)

    def load_state_dict(self, state_dict: Any, strict: bool = True) -> state.IncompatibleKeys:
        """Copy tensors (or arrays) into parameters and buffers of the same names, all of them or none.

        Every shape and dtype must agree and, where `strict`, every key. One RuntimeError lists all that is wrong
        and leaves the module as it was. Returns (missing_keys, unexpected_keys).
        """
        recording.refuse("it loads a state")
        return state.load(self, state_dict, strict)

    # Hooks

    def _add_hook(self, table: str, hook: Any, flags: tuple, prepend: bool = False) -> RemovableHandle:
        if not callable(hook):
            raise TypeError(f"[register_hook] expected hook as a function, got {type(hook).__name__}")
        hooks = self.__dict__[table]
        key = object()
        hooks[key] = (hook, *flags)
        if prepend:
            entries = [(key, hooks[key]), *(item for item in hooks.items() if item[0] is not key)]
            hooks.clear()
            hooks.update(entries)
        return RemovableHandle(lambda: hooks.pop(key, None))

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args[, kwargs], output) after `forward`; what it returns replaces the output."""
        return self._add_hook("_forward_hooks", hook, (with_kwargs,), prepend)

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call hook(module, args[, kwargs]) before `forward`; what it returns replaces the arguments."""
        return self._add_hook("_forward_pre_hooks", hook, (with_kwargs,), prepend)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call hook(module, grad_input, grad_output) when both are known; a tuple it returns replaces grad_input."""
        return self._add_hook("_backward_hooks", hook, (), prepend)

    # Text

    def extra_repr(self) -> str:
        """What `repr` shows of this module itself."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().splitlines()
        lines = [f"({name}): " + repr(module).replace("\n", "\n  ") for name, module in self._modules.items()]
        if len(extra) == 1 and not lines:
            return f"{self._get_name()}({extra[0]})"
        body = "\n  ".join(extra + lines)
        return f"{self._get_name()}(\n  {body}\n)" if body else f"{self._get_name()}()"
