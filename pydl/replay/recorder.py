"""What is noted of a step while it runs, and the tape on which its kernels are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .. import recording
from ..backend import cpu_kernels
from ..tensor import Tensor
from .facade import RecordedNumPy
from .traced import Traced, plain

OURS = 2  # references to what a recorder notes: its own, and that of the call of getrefcount


class Seen(NamedTuple):
    """A tensor from outside the step, as it was when the step first used it."""

    tensor: Tensor
    array: Any
    traced: Any  # what stands in its place during the step
    requires_grad: bool
    version: int
    grad: Tensor | None


class Drawn(NamedTuple):
    """A generator that the step draws from, where it stood before, and the (operation, blocks) of every draw."""

    generator: Any
    seed: int
    offset: int
    draws: list[tuple[int, int]]


class OptimizerStep(NamedTuple):
    """One kernel call of an optimizer: which operation of the tape it is."""

    optimizer: Any
    group: dict[str, Any]
    params: list[Tensor]
    position: int


class Recorder:
    """Notes a step while it runs once; `refused` says why it cannot be replayed, if so."""

    numpy = RecordedNumPy()

    def __init__(self) -> None:
        self.mark = object()
        self.arguments: list[tuple[Tensor, np.ndarray]] = []  # copies that the step works on, and what they copy
        self.tape = cpu_kernels().Tape(Traced)
        self.refused = ""
        self.seen: dict[int, Seen] = {}
        self.modules: dict[int, Any] = {}
        self.fields: dict[int, dict[str, Any]] = {}  # of modules, before they ran
        self.drawn: list[Drawn] = []
        self.steps: list[OptimizerStep] = []
        self.optimizers: dict[int, Any] = {}
        self._owners: dict[int, Any] = {}
        self.touched: set[int] = set()  # tensors whose gradient matters to this step
        self._fresh: set[int] = set()  # leaves whose gradient is of this step alone
        self.stored: dict[int, int] = {}  # by leaf, after how many operations its gradient arrives

    def __enter__(self) -> Recorder:
        recording.set_recorder(self)
        self.tape.begin()
        return self

    def __exit__(self, *exc: object) -> None:
        self.tape.end()
        recording.set_recorder(None)
        for seen in self.seen.values():
            tensor = seen.tensor
            tensor._data = seen.array if tensor._data is seen.traced else plain(tensor._data)
            if tensor.grad is not None:
                tensor.grad._data = plain(tensor.grad._data)

    def refuse(self, reason: str) -> None:
        """The step goes on, but not on the tape."""
        self.refused = self.refused or reason
        self.tape.end()
        recording.suspend()

    # What takes part

    def watch(self, tensors: Iterable[Any]) -> None:
        for tensor in tensors:
            if isinstance(tensor, Tensor):
                array = tensor._data
                if type(array) is Traced and array.made_by is self.mark:
                    continue
                if not isinstance(array, np.ndarray):
                    return self.refuse("it works on a GPU")
                if id(tensor) not in self.seen:
                    if any(np.may_share_memory(array, given) for _, given in self.arguments):
                        return self._give_arguments()
                    self.seen[id(tensor)] = self._see(tensor)
                    tensor._data = self.seen[id(tensor)].traced

    def _give_arguments(self) -> None:
        """From here on the step works on its arguments themselves."""
        self.refuse("an argument shares memory with a tensor that it uses beside")
        for twin, array in self.arguments:
            twin._data = array

    def _see(self, tensor: Tensor) -> Seen:
        version = 0 if tensor._version is None else tensor._version.count
        return Seen(tensor, tensor._data, tensor._data.view(Traced), tensor._requires_grad, version, tensor.grad)

    def enter(self, module: Any) -> None:
        """A module is called, or a part of it read."""
        if id(module) not in self.modules:
            self.modules[id(module)], self.fields[id(module)] = module, dict(vars(module))

    # What is done

    def note(self, operation: Callable[[], Any], *targets: np.ndarray) -> None:
        """An operation of NumPy, which writes to `targets` if it writes to arrays that were there before."""
        self.tape.add_call(operation)
        for target in targets:
            self.tape.note_written(target)

    def check(self, test: Callable[..., None], arrays: tuple) -> None:
        """A test of values that raises where they are wrong."""
        arrays = plain(arrays)
        test(*arrays)
        self.note(partial(test, *arrays))

    def own(self, array: np.ndarray) -> None:
        """The array's memory was made in the step."""
        owner = memory_of(array)
        self._owners[id(owner)] = owner

    def written(self) -> list[np.ndarray]:
        """Arrays from outside that the step changes, each once."""
        found = {}
        for array in self.tape.written:
            if id(memory_of(array)) not in self._owners:
                array = array.view(np.ndarray)
                found[array.ctypes.data, array.shape, array.strides] = array
        return list(found.values())

    def outside(self) -> list[np.ndarray]:
        """Arrays that the step could change: what it changes, and all that its modules and optimizers have."""
        tensors = [seen.tensor for seen in self.lasting()]
        for module in self.modules.values():
            tensors += [x for name in ("_parameters", "_buffers") for x in vars(module)[name].values() if x is not None]
        for optimizer in self.optimizers.values():
            tensors += [x for entry in optimizer.state.values() for x in entry.values() if isinstance(x, Tensor)]
        found = {id(x._data): x._data for x in tensors if x._data.flags.writeable}
        return [*self.written(), *found.values()]

    def draw(self, generator: Any, seed: int, offset: int, blocks: int) -> None:
        """Numbers are about to be drawn from `generator`, `blocks` of them from `offset` on."""
        found = [i for i, drawn in enumerate(self.drawn) if drawn.generator is generator]
        if not found:
            found = [self.tape.add_stream(seed, offset)]
            self.drawn.append(Drawn(generator, seed, offset, []))
        self.tape.use_stream(found[0])
        self.drawn[found[0]].draws.append((len(self.tape), blocks))

    def begin_step(self, optimizer: Any, group: dict[str, Any], params: list[Tensor]) -> None:
        """An optimizer is about to call its kernel, which will add to the tape's `numbers`."""
        if any(getattr(getattr(p.grad, "_data", None), "made_by", None) is not self.mark for p in params):
            self.refuse("an optimizer uses a gradient from outside the step")
        self.optimizers[id(optimizer)] = optimizer
        self.steps.append(OptimizerStep(optimizer, group, params, len(self.tape)))

    def watch_grads(self, tensors: list[Tensor]) -> None:
        """Their gradients are looked at or forgotten."""
        self.watch(tensors)
        self.touched.update(map(id, tensors))

    def store_grad(self, tensor: Tensor) -> None:
        """A gradient arrives at a leaf."""
        self.touched.add(id(tensor))
        self.stored[id(tensor)] = len(self.tape)
        if tensor.grad is None:
            self._fresh.add(id(tensor))
        elif id(tensor) not in self._fresh:
            self.refuse("it adds to a gradient of an earlier step: call zero_grad() in the step")

    def lasting(self) -> list[Seen]:
        """Tensors that someone else than the step holds."""
        return [seen for seen in self.seen.values() if sys.getrefcount(seen.tensor) > OURS]

    def lasting_modules(self) -> list[Any]:
        """Modules that someone else than the step holds, which makes some for itself: layers[:-1](x)."""
        return [self.modules[key] for key in self.modules if sys.getrefcount(self.modules[key]) > OURS]


def memory_of(array: Any) -> Any:
    """The array whose memory `array` shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
