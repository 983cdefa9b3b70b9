"""The Tensor: an array, and its place in the graph of operations that made it.

Arithmetic and the mathematical methods are operations of `pydl.ops`, joined to the class at the end of
`pydl/methods.py`; here is what a tensor itself is.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backend, recording
from .arrays import as_array, bool_, float32, int64

if TYPE_CHECKING:
    from .autograd import Edge, Node


_READ = "it reads a value: return the tensor from the step and read it there"


class Version:
    """How often the memory of a tensor was changed in place; shared by its views."""

    __slots__ = ("count", "holders", "recorded_views")

    def __init__(self) -> None:
        self.count = 0
        self.recorded_views = 0
        self.holders: dict[int, weakref.ref] = {}  # tensors that share the memory outside the graph, while they live

    def hold(self, *tensors: Tensor) -> None:
        """Remember that each of `tensors` shares this memory."""
        holders = self.holders
        for tensor in tensors:
            key = id(tensor)
            if key not in holders:
                holders[key] = weakref.ref(tensor, partial(_drop, holders, key))


def _drop(holders: dict[int, weakref.ref], key: int, _: weakref.ref) -> None:
    holders.pop(key, None)


class RemovableHandle:
    """What registering a hook returns."""

    def __init__(self, remove: Callable[[], None]) -> None:
        self.remove = remove


class Tensor:
    """An n-dimensional array of one dtype on one device, with an optional gradient.

    Made by `pydl.tensor`, `pydl.from_numpy`, `pydl.zeros`, … and by operations. Shapes, names and defaults are
    PyTorch's. `requires_grad` asks for a gradient, which `backward` leaves in `grad`.
    """

    __array_ufunc__ = None  # NumPy's operators leave mixed expressions to ours

    _data: Any
    _node: Node | None = None
    _slot = 0
    _requires_grad = False
    _is_view = False
    _keeps_grad = False
    _version: Version | None = None
    grad: Tensor | None = None

    if TYPE_CHECKING:  # operations: methods.py

        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __rfloordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __and__(self, other: Any) -> Tensor: ...
        def __or__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __iter__(self) -> Iterator[Tensor]: ...

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = False) -> None:
        self._data = as_array("Tensor", data, dtype)
        self._requires_grad = False
        if requires_grad:
            self.requires_grad = True

    @staticmethod
    def _wrap(array: Any) -> Tensor:
        tensor = object.__new__(Tensor)
        # NumPy answers with a scalar of its own where an array of no dimensions is meant.
        tensor._data = np.asarray(array) if isinstance(array, np.generic) else array
        return tensor

    def _edge(self) -> Edge:
        """This tensor's place in the graph; a leaf gets one when it is first asked for."""
        if self._node is None:
            from .autograd import Leaf

            self._node = Leaf(self)
        return self._node, self._slot

    def _shared_version(self) -> Version:
        if self._version is None:
            self._version = Version()
        return self._version

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def dtype(self) -> np.dtype:
        return self._data.dtype

    @property
    def device(self) -> str:
        return backend.device_of(self._data)

    @property
    def itemsize(self) -> int:
        return self._data.itemsize

    def dim(self) -> int:
        return self._data.ndim

    def numel(self) -> int:
        return int(self._data.size)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of dimension `dim`."""
        return self._data.shape if dim is None else self._of_dim("size", self._data.shape, dim)

    def stride(self, dim: int | None = None) -> Any:
        """Steps in elements, or the step of dimension `dim`."""
        steps = tuple(s // self._data.itemsize for s in self._data.strides)
        return steps if dim is None else self._of_dim("stride", steps, dim)

    def _of_dim(self, function: str, values: tuple[int, ...], dim: int) -> int:
        from .ops.dims import check_dim

        axis = check_dim(function, dim, self.ndim)
        if not values:
            raise IndexError(f"[{function}] expected a tensor with dimensions, got a scalar")
        return values[axis]

    def is_contiguous(self) -> bool:
        return bool(self._data.flags.c_contiguous)

    def is_floating_point(self) -> bool:
        return self._data.dtype.kind == "f"

    def data_ptr(self) -> int:
        recording.refuse(_READ)
        return self._data.ctypes.data if isinstance(self._data, np.ndarray) else self._data.data.ptr

    def __len__(self) -> int:
        if self._data.ndim == 0:
            raise TypeError("[len] expected a tensor of at least one dimension, got a scalar")
        return self._data.shape[0]

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ValueError(f"[bool] expected a tensor of one element, got shape {self.shape}")
        recording.refuse(_READ)
        return bool(self._data.reshape(())[()])

    def item(self) -> Any:
        """The only element, as a Python number."""
        if self._data.size != 1:
            raise ValueError(f"[item] expected a tensor of one element, got shape {self.shape}")
        recording.refuse(_READ)
        return self._data.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._data.dtype.kind not in "iub":
            raise TypeError(f"[index] expected a tensor of integers, got {self.dtype}")
        return int(self.item())

    def tolist(self) -> Any:
        recording.refuse(_READ)
        return self._data.tolist()

    def __repr__(self) -> str:
        recording.refuse(_READ)
        text = np.array2string(self.cpu()._data, separator=", ", prefix="tensor(", precision=4)
        extra = "" if self.dtype in (float32, int64, bool_) else f", dtype={self.dtype}"
        if self.device != "cpu":
            extra += f", device={self.device}"
        if self._requires_grad:
            extra += ", requires_grad=True" if self.is_leaf else f", grad_fn={self._node}"
        return f"tensor({text}{extra})"

    __hash__ = object.__hash__

    # Its place in the graph

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not self.is_leaf and not wanted:
            raise RuntimeError("[requires_grad] expected a leaf, got the result of an operation; use detach()")
        if wanted and self._data.dtype.kind != "f":
            raise TypeError(f"[requires_grad] expected a tensor of dtype float32 or float64, got {self.dtype}")
        self._requires_grad = bool(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        from .autograd import Function

        return not isinstance(self._node, Function)

    @property
    def grad_fn(self) -> Node | None:
        return None if self.is_leaf else self._node

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add this tensor's gradient to the `grad` of every leaf it was made from; see `pydl.autograd.backward`."""
        from .autograd import backward

        backward(self, None if gradient is None else [gradient], retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with this tensor's gradient when it is complete; what it returns replaces the gradient."""
        if not self._requires_grad:
            raise RuntimeError("[register_hook] expected a tensor that requires grad, got one that does not")
        node, slot = self._edge()
        return RemovableHandle(node.add_hook(slot, hook))

    def retain_grad(self) -> None:
        """Keep the gradient of this result of an operation in its `grad`, as leaves do."""
        if self.is_leaf or self._keeps_grad:
            return
        self._keeps_grad = True
        me = weakref.ref(self)

        def keep(gradient: Tensor) -> None:
            tensor = me()
            if tensor is not None and gradient is not None:
                tensor.grad = gradient.clone() if tensor.grad is None else tensor.grad + gradient

        self.register_hook(keep)

    def detach(self) -> Tensor:
        """The same memory, outside the graph. A change in place is seen by the graph as a change of this tensor."""
        if recording.running:
            recording.tell("watch", (self,))
        tensor = Tensor._wrap(self._data)
        tensor._version = self._shared_version()
        return tensor

    def detach_(self) -> Tensor:
        self._node, self._slot, self._requires_grad = None, 0, False
        return self

    @property
    def data(self) -> Tensor:
        """The same memory, outside the graph and its checks."""
        if recording.running:
            recording.tell("watch", (self,))
        return Tensor._wrap(self._data)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"[data] expected a tensor, got {type(value).__name__}")
        if self._requires_grad and value.dtype.kind != "f":
            raise TypeError(f"[data] expected floats for a tensor that requires grad, got {value.dtype}")
        recording.refuse("it gives a tensor another array by data = …")
        self._data = value._data
        self._version = None

    # Exchange

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The NumPy array this tensor keeps its data in; no copy is made. `force`: from a GPU or a graph too."""
        if force:
            return self.detach().cpu().numpy()
        if self._requires_grad:
            raise RuntimeError("[numpy] expected a tensor outside the graph, got one that requires grad; use detach()")
        if not isinstance(self._data, np.ndarray):
            raise TypeError(f"[numpy] expected a tensor on the CPU, got one on {self.device}; use cpu()")
        recording.refuse(_READ)
        return self._data if type(self._data) is np.ndarray else self._data.view(np.ndarray)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"[array] expected dtype {array.dtype} for an array without a copy, got {dtype}")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __dlpack__(self, **options: Any) -> Any:
        if self._requires_grad:
            raise BufferError("[dlpack] expected a tensor outside the graph, got one that requires grad; use detach()")
        recording.refuse(_READ)
        return self._data.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._data.__dlpack_device__()

    def to(
        self, *args: Any, dtype: Any = None, device: str | None = None, non_blocking: bool = False, copy: bool = False
    ) -> Tensor:
        """This tensor as another dtype and/or on another device; itself where nothing changes.

        After device and dtype, `non_blocking` (which changes nothing) and `copy` may come by position.
        """
        from . import ops

        flags = [arg for arg in args if isinstance(arg, bool)]
        copy = copy or flags[1:2] == [True]
        for arg in args:
            if isinstance(arg, bool) or arg is None:
                continue
            if isinstance(arg, Tensor):
                dtype, device = arg.dtype, arg.device
            elif isinstance(arg, str) and arg.partition(":")[0] in ("cpu", "cuda"):
                device = arg
            elif isinstance(arg, str):
                try:
                    dtype = np.dtype(arg)
                except TypeError:
                    message = f"[to] expected a device (cpu, cuda) or the name of a dtype, got {arg!r}"
                    raise TypeError(message) from None
            else:
                dtype = arg
        result = self
        if device is not None and device != self.device:
            result = ops.to_device(result, device)
        if dtype is not None:
            result = ops.cast(result, dtype)
        return result.clone() if copy and result is self else result

    def cpu(self) -> Tensor:
        return self.to(device="cpu")

    def cuda(self, index: int | str = 0, non_blocking: bool = False) -> Tensor:
        return self.to(device=index if isinstance(index, str) else f"cuda:{index}")

    def half(self) -> Tensor:
        """Not supported: TypeError."""
        raise TypeError("[half] expected dtype float32 or float64, got float16, which pydl does not have")

    def type(self, dtype: Any = None) -> Any:
        """The name of the dtype, or the tensor as `dtype`."""
        return str(self.dtype) if dtype is None else self.to(dtype)

    def type_as(self, other: Tensor) -> Tensor:
        if not isinstance(other, Tensor):
            raise TypeError(f"[type_as] expected other to be a tensor, got {type(other).__name__}")
        return self.to(other)

    def __copy__(self) -> Tensor:
        """Another tensor over the same memory: a view in the graph, or a leaf without the gradient of this one."""
        if not self.is_leaf:
            return self.view(self.shape)
        twin = self.detach()
        twin._requires_grad = self._requires_grad
        return twin

    # Deep copies keep what a leaf is; the graph is not copied.

    def __deepcopy__(self, memo: dict) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError("[deepcopy] expected a leaf, got the result of an operation; use detach()")
        twin = object.__new__(type(self))
        twin.__dict__.update(
            {k: v for k, v in self.__dict__.items() if k not in ("_data", "_node", "_version", "grad")}
        )
        twin._data = self._data.copy()
        twin.grad = None if self.grad is None else self.grad.detach().clone()
        memo[id(self)] = twin
        return twin

    def __reduce__(self) -> Any:
        raise TypeError("[pickle] expected data that holds no tensors, got a Tensor; use pydl.save or numpy()")
