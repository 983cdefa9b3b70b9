"""Random numbers: a counter-based generator (Philox4x32-10), and the tensors made from it.

A number depends on the seed and on how many were drawn before it, never on threads. Nothing here reads or
changes NumPy's or Python's random state.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from . import backend, recording
from .arrays import as_dtype, float32, int64
from .backend import cpu_kernels
from .ops.dims import as_shape
from .ops.inplace import assign, check_target
from .tensor import Tensor


class Generator:
    """A stream of random numbers: a seed in [0, 2⁶⁴) and a position in its sequence of blocks of 128 bits."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed` from its beginning; ValueError outside [0, 2⁶⁴)."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise TypeError(f"[manual_seed] expected seed as an integer, got {type(seed).__name__}")
        if not 0 <= seed < 2**64:
            raise ValueError(f"[manual_seed] expected seed in [0, 2**64), got {seed}")
        recording.refuse("it seeds a generator")
        self._seed, self._offset = int(seed), 0
        return self

    def seed(self) -> int:
        """Start the stream of a seed taken from the operating system; returns it."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """The seed of the stream."""
        return self._seed

    def get_state(self) -> np.ndarray:
        """Seed and position, as uint64 of shape (2,)."""
        return np.array([self._seed, self._offset], np.uint64)

    def set_state(self, state: Any) -> Generator:
        """Go on from what `get_state` gave."""
        array = np.asarray(state)
        if array.shape != (2,) or array.dtype.kind not in "ui" or (array.astype(object) < 0).any():
            raise ValueError(f"[set_state] expected an array (seed, position) of dtype uint64, got {state!r}")
        recording.refuse("it sets the state of a generator")
        self._seed, self._offset = int(array[0]), int(array[1])
        return self

    def take(self, blocks: int) -> tuple[int, int]:
        """Seed and first position of the next `blocks` blocks, which count as drawn."""
        with self._lock:
            start = self._offset
            self._offset = (start + blocks) % 2**64
        return self._seed, start

    def draw(self, blocks: int, make: Callable[[int, int], Any]) -> Any:
        """make(seed, position) for the next `blocks` blocks; where it fails they count as not drawn."""
        seed, start = self.take(blocks)
        if recording.running:
            recording.tell("draw", self, seed, start, blocks)
        try:
            return make(seed, start)
        except BaseException:
            with self._lock:
                if self._seed == seed and self._offset == (start + blocks) % 2**64:
                    self._offset = start
            raise


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator; ValueError outside [0, 2⁶⁴)."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the operating system; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> np.ndarray:
    """The state of the default generator."""
    return default_generator.get_state()


def set_rng_state(state: Any) -> None:
    """Go on from what `get_rng_state` gave."""
    default_generator.set_state(state)


@contextmanager
def fork_rng(seed: int | None = None) -> Iterator[None]:
    """What is drawn within leaves the default generator as it was; with `seed`, it is drawn from that seed's stream."""
    before = get_rng_state()
    if seed is not None:
        manual_seed(seed)
    try:
        yield
    finally:
        set_rng_state(before)


def _generator(function: str, generator: Generator | None) -> Generator:
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"[{function}] expected generator as a Generator, got {type(generator).__name__}")
    return generator


def _float_dtype(function: str, dtype: Any) -> np.dtype:
    result = as_dtype(function, dtype)
    if result.kind != "f" or result.itemsize < 4:
        raise TypeError(f"[{function}] expected dtype float32 or float64, got {result}")
    return result


def _number(function: str, argument: str, value: Any) -> float:
    if isinstance(value, Tensor) and value.numel() == 1:
        return float(value.item())
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"[{function}] expected {argument} as a number, got {type(value).__name__}")
    return float(value)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def draw_floats(
    kernel: str, shape: tuple[int, ...], dtype: np.dtype, generator: Generator, *options: float,
    then: Callable[[Any], Any] = lambda array: array,
) -> Any:  # fmt: skip
    """An array from the kernel `uniform` (low, high) or `normal` (mean, std), and what `then` makes of it."""
    blocks = -(-_count(shape) // (16 // dtype.itemsize))
    return generator.draw(blocks, lambda *place: then(getattr(cpu_kernels(), kernel)(shape, dtype, *place, *options)))


def draw_mask(function: str, shape: tuple[int, ...], p: float, generator: Generator | None = None) -> Any:
    """A uint8 array, 1 with probability p."""
    blocks = -(-_count(shape) // 4)
    return _generator(function, generator).draw(blocks, lambda *place: cpu_kernels().bernoulli(shape, *place, p))


def _finish(array: Any, device: str | None, requires_grad: bool) -> Tensor:
    result = Tensor._wrap(array if device is None else backend.to_device(array, device))
    if requires_grad:
        result.requires_grad = True
    return result


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = float32,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1), in steps of 2⁻²⁴ (float64: 2⁻⁵²)."""
    shape, kind = as_shape("rand", size), _float_dtype("rand", dtype)
    source = _generator("rand", generator)
    return draw_floats("uniform", shape, kind, source, then=lambda array: _finish(array, device, requires_grad))


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = float32,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers of mean 0 and variance 1 (Box and Muller 1958)."""
    shape, kind = as_shape("randn", size), _float_dtype("randn", dtype)
    source = _generator("randn", generator)
    return draw_floats("normal", shape, kind, source, then=lambda array: _finish(array, device, requires_grad))


def rand_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`rand` in the shape, dtype and device of `input`."""
    return rand(input.shape, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


def randn_like(input: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """`randn` in the shape, dtype and device of `input`."""
    return randn(input.shape, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


def normal(
    mean: float | Tensor = 0.0,
    std: float | Tensor = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = float32,
    device: str | None = None,
) -> Tensor:
    """Normal numbers; mean and std are numbers beside a `size`, or tensors that give the shape."""
    if isinstance(mean, Tensor) or isinstance(std, Tensor):
        if size is not None:
            raise ValueError("[normal] expected no size beside tensors of mean or std, got one")
        if (isinstance(std, Tensor) and (std._data < 0).any()) or (not isinstance(std, Tensor) and not std >= 0):
            raise ValueError(f"[normal] expected std >= 0, got {std}")
        centre, width = cast(Any, mean), cast(Any, std)
        like = (centre + width).detach()
        return randn(like.shape, generator=generator, dtype=like.dtype, device=like.device) * width + centre
    if size is None:
        raise ValueError("[normal] expected a size beside numbers, got None")
    shape, kind = (
        as_shape("normal", size if isinstance(size, (tuple, list)) else (size,)),
        _float_dtype("normal", dtype),
    )
    options, source = _normal_options("normal", mean, std), _generator("normal", generator)
    return draw_floats("normal", shape, kind, source, *options, then=lambda array: _finish(array, device, False))


def _normal_options(function: str, mean: Any, std: Any) -> tuple[float, float]:
    options = _number(function, "mean", mean), _number(function, "std", std)
    if not options[1] >= 0:
        raise ValueError(f"[{function}] expected std >= 0, got {std}")
    return options


def randint(*args: Any, generator: Generator | None = None, dtype: Any = int64, device: str | None = None) -> Tensor:
    """(low = 0, high, size): integers in [low, high), equally likely to within 2⁻⁶⁴."""
    if len(args) not in (2, 3):
        raise TypeError(f"[randint] expected (high, size) or (low, high, size), got {len(args)} arguments")
    *bounds, size = args
    if any(isinstance(b, bool) or not hasattr(b, "__index__") for b in bounds):
        raise TypeError(f"[randint] expected integers as bounds, got {bounds}")
    low, high = [0, *map(int, bounds)][-2:]
    if not -(2**63) <= low < high < 2**63:
        raise ValueError(f"[randint] expected low < high within int64, got {low} and {high}")
    shape, kind = as_shape("randint", size if isinstance(size, (tuple, list)) else (size,)), as_dtype("randint", dtype)

    def make(seed: int, start: int) -> Tensor:
        return _finish(cpu_kernels().randint(shape, seed, start, low, high).astype(kind, copy=False), device, False)

    return _generator("randint", generator).draw(_count(shape), make)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = int64, device: str | None = None) -> Tensor:
    """The integers 0 … n-1 in random order: those that sort n random 64-bit keys."""
    (count,), kind = as_shape("randperm", (n,)), as_dtype("randperm", dtype)
    recording.refuse("it draws a permutation")

    def make(seed: int, start: int) -> Tensor:
        keys = cpu_kernels().bits(2 * count, seed, start).view(np.uint64)
        return _finish(np.argsort(keys, kind="stable").astype(kind, copy=False), device, False)

    return _generator("randperm", generator).draw((count + 1) // 2, make)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Ones and zeros in the shape and dtype of `input`: 1 with probability `input`, or `p` where given."""
    if not isinstance(input, Tensor):
        raise TypeError(f"[bernoulli] expected a tensor, got {type(input).__name__}")
    if p is not None:
        p = _probability("bernoulli", p)
        return Tensor._wrap(draw_mask("bernoulli", input.shape, p, generator).astype(input.dtype))
    kind, probability = _float_dtype("bernoulli", input.dtype), input._data
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("[bernoulli] expected probabilities in [0, 1], got others")
    numbers = draw_floats("uniform", input.shape, kind, _generator("bernoulli", generator))
    return _finish((numbers < backend.to_device(probability, "cpu")).astype(kind), input.device, False)


def _probability(function: str, p: Any) -> float:
    probability = _number(function, "p", p)
    if not 0 <= probability <= 1:
        raise ValueError(f"[{function}] expected p in [0, 1], got {p}")
    return probability


def _overwrite(function: str, kernel: str, tensor: Tensor, generator: Generator | None, *options: float) -> Tensor:
    kind = _float_dtype(function, tensor.dtype)
    check_target(function, tensor)
    source = _generator(function, generator)
    try:
        array = draw_floats(kernel, tensor.shape, kind, source, *options)
    except ValueError as error:
        raise ValueError(str(error).replace(f"[{kernel}]", f"[{function}]", 1)) from None
    return assign(function, tensor, _finish(array, tensor.device, False))


def uniform_(self: Tensor, low: float = 0.0, high: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """In place: uniform numbers in [low, high)."""
    options = _number("uniform_", "low", low), _number("uniform_", "high", high)
    if not options[0] <= options[1]:
        raise ValueError(f"[uniform_] expected low <= high, got {low} and {high}")
    return _overwrite("uniform_", "uniform", self, generator, *options)


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """In place: normal numbers."""
    return _overwrite("normal_", "normal", self, generator, *_normal_options("normal_", mean, std))


def bernoulli_(self: Tensor, p: float = 0.5, *, generator: Generator | None = None) -> Tensor:
    """In place: 1 with probability p, else 0."""
    probability = _probability("bernoulli_", p)
    check_target("bernoulli_", self)
    mask = draw_mask("bernoulli_", self.shape, probability, generator)
    return assign("bernoulli_", self, _finish(mask.astype(self.dtype), self.device, False))
