"""Changes in place, counted in the version: computed as a new value that is written over the old one.

Arithmetic outside the graph, of operands of one shape and dtype, does without memory for the new value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import recording
from ..autograd import is_grad_enabled
from ..backend import array_module, kernels
from ..tensor import Tensor
from .checks import as_fill, as_tensor, broadcast
from .elementwise import add, div, mul, pow, sub
from .index import in_order, is_basic, plain_index
from .kept import keep
from .promotion import as_operand, promote
from .select import SetItem, ordered
from .unary import clamp


def check_writable(function: str, tensor: Tensor) -> None:
    if recording.running:
        recording.tell("watch", (tensor,))
    if not tensor._data.flags.writeable:
        raise ValueError(f"[{function}] expected a tensor that may be written, got a read-only array")
    strides, shape = tensor._data.strides, tensor._data.shape
    if tensor._data.size and any(s == 0 and n > 1 for s, n in zip(strides, shape, strict=True)):
        raise ValueError(f"[{function}] expected memory of its own for every element, got an expanded tensor")


def _check_graph(function: str, tensor: Tensor) -> None:
    """Whether a recorded change of this tensor can be told to the graph."""
    if tensor.is_leaf:
        raise RuntimeError(
            f"[{function}] expected a tensor that does not require grad, got a leaf that does; use no_grad()"
        )
    version = tensor._shared_version()
    if tensor._is_view or version.recorded_views:
        raise RuntimeError(
            f"[{function}] expected memory that the graph knows once, got a tensor with views in the graph; clone() it"
        )


def _check_alone(function: str, tensor: Tensor) -> None:
    """Whether a tensor outside the graph can join it: others with its memory would not."""
    holders = () if tensor._version is None else tuple(tensor._version.holders.values())
    if any(holder() is not None and holder() is not tensor for holder in holders):
        raise RuntimeError(
            f"[{function}] expected memory that one tensor holds, got a tensor that shares it with a view while "
            "gradients are recorded; clone() it"
        )


def check_target(function: str, tensor: Tensor) -> None:
    """Whether `tensor` may be written over with what is outside the graph."""
    check_writable(function, tensor)
    if is_grad_enabled() and tensor._requires_grad:
        _check_graph(function, tensor)


def assign(function: str, tensor: Tensor, value: Tensor) -> Tensor:
    """Write `value` (of the tensor's shape) over `tensor`, which takes over the value's place in the graph."""
    check_writable(function, tensor)
    if value.shape != tensor.shape:
        raise ValueError(f"[{function}] expected a result of shape {tensor.shape}, got {value.shape}")
    kinds = value.dtype.kind, tensor.dtype.kind
    if (kinds[0] == "f" and kinds[1] != "f") or (kinds[0] != "b" and kinds[1] == "b"):
        raise TypeError(f"[{function}] expected a result of dtype {tensor.dtype}, got {value.dtype}")
    recorded = is_grad_enabled() and (tensor._requires_grad or value._requires_grad)
    if recorded:
        if tensor._requires_grad:
            _check_graph(function, tensor)
        else:
            _check_alone(function, tensor)
        node, slot, requires = value._node, value._slot, value._requires_grad
        tensor._node, tensor._slot, tensor._requires_grad = node, slot, requires
    tensor._data[...] = value._data
    tensor._shared_version().count += 1
    return tensor


def _before(tensor: Tensor) -> Tensor:
    """What an operation on `tensor` may keep for its backward pass: a copy, where the memory is about to change."""
    if not (is_grad_enabled() and tensor._requires_grad) or tensor.is_leaf:
        return tensor
    copy = Tensor._wrap(tensor._data.copy())
    copy._node, copy._slot, copy._requires_grad = tensor._node, tensor._slot, True
    return copy


def become(function: str, tensor: Tensor, operation: Callable[..., Tensor], *options: Any) -> Tensor:
    """`tensor` itself, as operation(tensor, *options): it takes over the result, or is written over where shared."""
    recorded = is_grad_enabled() and as_tensor(function, tensor)._requires_grad
    if recorded and not tensor.is_leaf and tensor._version is None:
        value = operation(tensor, *options)
        tensor._data, tensor._version = value._data, value._version
        tensor._node, tensor._slot, tensor._requires_grad = value._node, value._slot, value._requires_grad
        return tensor
    from .shape import clone

    return assign(function, tensor, operation(clone(tensor) if recorded else tensor, *options))


def _written_over(function: str, name: str, tensor: Tensor, other: Any) -> bool:
    """Whether the kernel `name` has written to `tensor`: outside the graph, where both fit as they are."""
    if is_grad_enabled() and (tensor._requires_grad or (isinstance(other, Tensor) and other._requires_grad)):
        return False
    check_writable(function, tensor)
    operand = promote(name, tensor, other)[1]
    array, second = tensor._data, operand._data if isinstance(operand, Tensor) else operand
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        return False
    if isinstance(operand, Tensor) and (
        second.shape != array.shape
        or second.dtype != array.dtype
        or (second is not array and np.may_share_memory(second, array))
    ):
        return False
    getattr(kernels(array), name)(array, second, out=array)
    tensor._shared_version().count += 1
    return True


def _with(function: str, operation: Any) -> Any:
    name = operation.__name__

    def method(self: Tensor, other: Any, **options: Any) -> Tensor:
        if not options and _written_over(function, name, self, other):
            return self
        return assign(function, self, operation(_before(self), other, **options))

    method.__name__ = function
    method.__doc__ = f"In place: {operation.__doc__}"
    return method


add_ = _with("add_", add)
sub_ = _with("sub_", sub)
mul_ = _with("mul_", mul)
div_ = _with("div_", div)
pow_ = _with("pow_", pow)


def clamp_(self: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """In place: limited to [min, max]."""
    return assign("clamp_", self, clamp(_before(self), min, max))


def copy_(self: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    """In place: the elements of `source`, broadcast to this shape and converted to this dtype."""
    from .cast import cast
    from .shape import expand

    if not isinstance(source, Tensor):
        raise TypeError(f"[copy_] expected source to be a tensor, got {type(source).__name__}")
    if broadcast("copy_", source, self) != self.shape:
        raise ValueError(f"[copy_] expected source that broadcasts to {self.shape}, got {source.shape}")
    return assign("copy_", self, expand(cast(source, self.dtype), self.shape))


def fill_(self: Tensor, value: float) -> Tensor:
    """In place: every element `value`."""
    xp = array_module(self._data)
    if isinstance(value, Tensor):
        value = value.item()
    filling = xp.asarray(as_fill("fill_", value, self.dtype), self.dtype)
    return assign("fill_", self, Tensor._wrap(xp.broadcast_to(filling, self.shape)))


def zero_(self: Tensor) -> Tensor:
    """In place: every element 0."""
    return fill_(self, 0)


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """self[index] = value, in place."""
    value = as_operand("setitem", value)
    if not isinstance(value, Tensor):
        as_fill("setitem", value, self.dtype)
    kept = keep("the index", plain_index(index), self, value)
    plain, order = in_order(kept.value, self.ndim)
    kept = kept.mapped(plain)
    recorded = is_grad_enabled() and (self._requires_grad or getattr(value, "_requires_grad", False))
    try:
        if recorded:
            assign("setitem", self, SetItem(kept, order)(self, value))
            return
        check_writable("setitem", self)
        source = value._data if isinstance(value, Tensor) else value
        if not is_basic(plain) or not isinstance(value, Tensor):
            ordered(self._data, order)[plain] = source
        else:
            target = self._data[plain]
            shared = array_module(self._data).may_share_memory(target, source)
            self._data[plain] = source.copy() if shared else source
    except IndexError as error:
        raise IndexError(f"[setitem] expected an index within shape {self.shape}, got {index!r} ({error})") from None
    except (TypeError, ValueError) as error:  # a TypeError of NumPy is about the shape of a value at a mask
        got = f"shape {value.shape}" if isinstance(value, Tensor) else repr(value)
        if str(error).startswith("["):
            raise
        raise ValueError(
            f"[setitem] expected a value that broadcasts to the elements at {index!r} of shape {self.shape}, got {got}"
        ) from None
    self._shared_version().count += 1
