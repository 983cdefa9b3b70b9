"""The arithmetic of windows that slide: how large a convolution's or a pooling's output is, and what it sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from .checks import integer
from .conv import Conv2d
from .module import Module
from .pool import AvgPool2d, MaxPool2d, SumPool2d


class Window(NamedTuple):
    """A sliding window along one dimension."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class Field(NamedTuple):
    """What one output sees: `size` inputs from place `start` on for the first; those of its neighbour lie `step` on."""

    size: int
    step: int
    start: int


def output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> int:
    """⌊(n + 2p - d(k - 1) - 1) / s⌋ + 1 outputs along a dimension of n = `size`; for d = 1, ⌊(n + 2p - k) / s⌋ + 1.

    With `ceil_mode` the quotient is rounded up, except for a window that would begin beyond the image and the padding
    before it. ValueError where the window is larger than the padded image, with `ceil_mode` by a stride or more.
    Dumoulin and Visin 2016 (arXiv:1603.07285), relationship 6.
    """
    n, window = integer("output_size", "size", size), _checked("output_size", (kernel_size, stride, padding, dilation))
    span = window.dilation * (window.kernel_size - 1) + 1
    room = n + 2 * window.padding - span
    last = -(-room // window.stride) if ceil_mode else room // window.stride
    if ceil_mode and last * window.stride >= n + window.padding:
        last -= 1
    if last < 0:
        most = n + 2 * window.padding + (window.stride - 1 if ceil_mode else 0)
        raise ValueError(f"[output_size] expected a window of at most {most} inputs, got {span}")
    return last + 1


def receptive_field(windows: Iterable[Any]) -> Field:
    """What an output of several layers sees; `windows` are (kernel_size, stride, padding, dilation), the first first.

    Every layer adds d(k - 1) times the step of those before it, and multiplies the step by s; `start` is negative
    where padding is seen. Araujo, Norris and Sim 2019 (Distill), equation 2.
    """
    size, step, start = 1, 1, 0
    for given in windows:
        window = _checked("receptive_field", given)
        size += window.dilation * (window.kernel_size - 1) * step
        start -= window.padding * step
        step *= window.stride
    return Field(size, step, start)


def windows_of(network: Module, dim: int = 0) -> list[Window]:
    """The windows of a network's convolutions and poolings along H (`dim` 0) or W (1), in the order of its layers.

    They are those of a path through the network if it is a chain.
    """
    kinds = (Conv2d, MaxPool2d, AvgPool2d, SumPool2d)
    return [_window_of(module, dim) for module in network.modules() if isinstance(module, kinds)]


def _window_of(module: Any, dim: int) -> Window:
    given = (module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1))
    kernel_size, stride, padding, dilation = (v[dim] if isinstance(v, (tuple, list)) else v for v in given)
    if isinstance(padding, str):
        raise ValueError(f"[windows_of] expected padding as integers, got {padding!r}")
    return Window(kernel_size, stride, padding, dilation)


def _checked(function: str, given: Any) -> Window:
    if not isinstance(given, (tuple, list)) or not 1 <= len(given) <= 4:
        raise ValueError(f"[{function}] expected a window (kernel_size, stride, padding, dilation), got {given!r}")
    window = Window(*given)
    for name, value, low in zip(Window._fields, window, (1, 1, 0, 1), strict=True):
        integer(function, name, value, low)
    return window
