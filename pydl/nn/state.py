"""A module's parameters and buffers as a dictionary, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..autograd import no_grad
from ..creation import from_numpy
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def collect(module: Module, destination: dict[str, Tensor], prefix: str, keep_vars: bool) -> dict[str, Tensor]:
    """Add the state of `module` and of all below it to `destination`; shared modules appear under every name."""
    entries = [*module._parameters.items()]
    entries += [(name, b) for name, b in module._buffers.items() if name not in module._non_persistent]
    for name, tensor in entries:
        if tensor is not None:
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    return destination


def _compare(name: str, own: Tensor, given: Any, faults: dict[str, list[str]]) -> None:
    if not isinstance(given, (Tensor, np.ndarray, np.generic)):
        faults["not tensors"].append(f"{name!r} ({type(given).__name__})")
    elif tuple(given.shape) != own.shape:
        faults["wrong shapes"].append(f"{name!r} expected {own.shape}, got {tuple(given.shape)}")
    elif given.dtype != own.dtype:
        faults["wrong dtypes"].append(f"{name!r} expected {own.dtype}, got {given.dtype}")


def load(module: Module, given: Any, strict: bool) -> IncompatibleKeys:
    """See `Module.load_state_dict`."""
    if not hasattr(given, "keys") or not hasattr(given, "__getitem__"):
        raise TypeError(f"[load_state_dict] expected state_dict as a mapping, got {type(given).__name__}")
    own = module.state_dict(keep_vars=True)
    missing = [name for name in own if name not in given]
    unexpected = [str(name) for name in given.keys() if name not in own]  # noqa: SIM118 (safetensors' handles)
    faults: dict[str, list[str]] = {"not tensors": [], "wrong shapes": [], "wrong dtypes": []}
    common = {name: given[name] for name in own if name in given}
    for name, value in common.items():
        _compare(name, own[name], value, faults)
    if strict:
        faults = {"missing keys": [repr(n) for n in missing], "unexpected keys": [repr(n) for n in unexpected]} | faults
    if any(faults.values()):
        listed = "; ".join(f"{what}: {', '.join(names)}" for what, names in faults.items() if names)
        raise RuntimeError(
            f"[load_state_dict] expected the keys, shapes and dtypes of {type(module).__name__}, got {listed}"
        )
    sources = {
        name: value if isinstance(value, Tensor) else from_numpy(np.asarray(value)) for name, value in common.items()
    }
    with no_grad():
        for name, source in sources.items():
            own[name].copy_(source.to(device=own[name].device))
    return IncompatibleKeys(missing, unexpected)
