"""One recording of a step, and its replay."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .guards import guards_of
from .recorder import Recorder, memory_of
from .structure import NotRecordable, mapped, outside_graph
from .traced import Traced, plain
from .updates import Update


class Recorded:
    """The kernels of one call with all that belongs to a replay. `refused` says why there is none, if so."""

    verified = False

    def __init__(
        self, function: Callable[..., Any], args: tuple, kwargs: dict[str, Any], tensors: list[Tensor]
    ) -> None:
        """Call the function; `returned` is what it gave."""
        recorder = Recorder()
        with recorder:
            self.buffers = [x._data.copy(order="K") for x in tensors]
            twins = [Tensor._wrap(buffer.view(Traced)) for buffer in self.buffers]
            recorder.arguments = list(zip(twins, [x._data for x in tensors], strict=True))
            rest = iter(twins)
            args, kwargs = mapped((args, kwargs), lambda _: next(rest))
            try:
                result = _freed(function(*args, **kwargs))
            finally:
                _give_back(twins, tensors)
        self.refused = recorder.refused
        outside = {id(seen.tensor) for seen in recorder.lasting()}
        self._kept: set[int] = set()  # results that are tensors from outside

        def settled(tensor: Tensor) -> Tensor:
            if id(tensor) in outside:
                self._kept.add(id(tensor))
                return tensor
            return Tensor._wrap(plain(tensor._data))

        try:
            self._result = mapped(result, settled)
        except NotRecordable as error:
            self.refused, self._result = self.refused or f"it returns an object of type {error}", None
            self.returned = result
        else:
            self.returned = self._copied()
        self._take(recorder)

    def _copied(self) -> Any:
        """The results in memory of their own."""
        result = self._result
        if type(result) is Tensor and not self._kept:
            return Tensor._wrap(result._data.copy(order="K"))
        return mapped(result, lambda x: x if id(x) in self._kept else Tensor._wrap(x._data.copy(order="K")))

    def _take(self, recorder: Recorder) -> None:
        lasting = recorder.lasting()
        self.tape, self.outside = recorder.tape, recorder.outside()
        self._changed = {id(x): x for x in map(memory_of, recorder.written())}  # memory that replays change
        self.grads: list[tuple[Callable[[], Any], Tensor | None]] = []  # guards see that the tensors live
        self._stored: list[int] = []  # after how many operations each of them arrives
        for seen in lasting:
            grad = seen.tensor.grad
            if grad is not seen.grad or (grad is None and id(seen.tensor) in recorder.touched):
                self.grads.append((weakref.ref(seen.tensor), grad))
                self._stored.append(recorder.stored.get(id(seen.tensor), 0))
        self._bare = {id(seen.tensor) for seen in lasting if seen.grad is None}  # had no gradient
        cells = [(seen.tensor._version, seen.version) for seen in lasting if seen.tensor._version is not None]
        self.versions = [(cell, cell.count - before) for cell, before in cells if cell.count != before]
        self.generators = [(drawn.generator, sum(blocks for _, blocks in drawn.draws)) for drawn in recorder.drawn]
        self._draws = [drawn.draws for drawn in recorder.drawn]
        self.refused = self.refused or _changes(recorder, self.buffers)
        if not self.refused:
            self.updates = [Update(step, renew) for step, renew in zip(recorder.steps, self.tape.numbers, strict=True)]
            self.guards = guards_of(recorder)

    def holds(self, tensors: list[Tensor]) -> bool:
        """Whether a replay would do what the function does with arguments that have these tensors."""
        for x in tensors:
            if id(memory_of(x._data)) in self._changed:
                return False
        return self.guards.hold() and all(update.holds() for update in self.updates)

    def guard_grads(self, before: list[Tensor | None]) -> None:
        """Gradients that were None before both this call and the recorded one must be so before a replay.

        One that is None in the recorded call alone was forgotten by the step itself.
        """
        for (tensor, _), grad in zip(self.grads, before, strict=True):
            if grad is None and id(tensor()) in self._bare:
                self.guards.add_attribute(tensor(), "grad", None)

    def replay(self, tensors: list[Tensor]) -> Any:
        """What function(…) does and returns, for arguments with these tensors."""
        for buffer, tensor in zip(self.buffers, tensors, strict=True):
            buffer[...] = tensor._data
        for update in self.updates:
            update.renew()
        starts = [generator.take(blocks) for generator, blocks in self.generators]
        try:
            self.tape.replay(starts)
        except BaseException:
            self._undo(starts)
            raise
        for leaf, grad in self.grads:
            leaf().grad = grad
        for cell, changes in self.versions:
            cell.count += changes
        return self._copied()

    def _undo(self, starts: list[tuple[int, int]]) -> None:
        """Of a replay that failed, what came after the operation that did has not happened.

        It has neither counted nor drawn, and gradients that had not arrived were forgotten before.
        """
        done = self.tape.done
        for (leaf, grad), stored in zip(self.grads, self._stored, strict=True):
            leaf().grad = grad if stored <= done else None
        for update in self.updates:
            if update.position >= done:
                update.uncount()
        for (generator, _), draws, (_, start) in zip(self.generators, self._draws, starts, strict=True):
            generator._offset = start + sum(blocks for position, blocks in draws if position < done)

    def counts(self) -> list[int | None]:
        """How many steps each optimizer has done, parameter by parameter."""
        return [state.get("step") for update in self.updates for state in update.states]

    def set_counts(self, counts: list[int | None]) -> None:
        states = [state for update in self.updates for state in update.states]
        for state, count in zip(states, counts, strict=True):
            if count is not None:
                state["step"] = count


def _freed(result: Any) -> Any:
    """The result outside the graph, where tensors that only the step used would live on with it."""
    try:
        return outside_graph(result)
    except NotRecordable:
        return result


def _give_back(twins: list[Tensor], tensors: list[Tensor]) -> None:
    """What the function did to its arguments, it did to copies of them."""
    for twin, tensor in zip(twins, tensors, strict=True):
        if twin._requires_grad:
            tensor._requires_grad = True
            tensor.grad = None if twin.grad is None else Tensor._wrap(plain(twin.grad._data))
        array = plain(twin._data)
        if array is not tensor._data and array.tobytes() != tensor._data.tobytes():
            tensor._data[...] = array
            tensor._shared_version().count += 1


def _changes(recorder: Recorder, buffers: list[np.ndarray]) -> str:
    """What the step changed that a replay would not, in words."""
    if any(np.may_share_memory(array, buffer) for array in recorder.written() for buffer in buffers):
        return "it changes an argument in place"
    if any(twin._requires_grad for twin, _ in recorder.arguments):
        return "it makes an argument require a gradient: make x.detach() do so"
    for seen in recorder.lasting():
        tensor = seen.tensor
        if tensor._requires_grad != seen.requires_grad:
            return "it changes requires_grad of a tensor from outside"
        if tensor._data is not seen.array:
            return "it gives a tensor from outside another array"
        if tensor._requires_grad and not tensor.is_leaf:
            return "it uses the graph of operations outside it"
    return ""
