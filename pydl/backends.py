"""What the kernels of a device may choose from: `pydl.backends.cpu.conv`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .backend import cpu_kernels

_CONV = ("auto", "direct")


class _Cpu:
    """`conv`: how convolutions on the CPU are computed.

    "auto": float32 convolutions of 3×3 with stride 1 or 2, of 4×4 with stride 2 and of 5×5 with stride 1, where
    channels are many, by Winograd's algorithm, which is faster and accurate to about 10⁻⁵ of the results' root mean
    square; a value that is not finite may spread over a tile of 4×4 results (5×5: 2×2). "direct": every convolution
    as the sum that defines it. float64 is always direct. The choice holds for the
    whole process.
    """

    @property
    def conv(self) -> str:
        return cpu_kernels().conv_algorithm()

    @conv.setter
    def conv(self, value: str) -> None:
        if value not in _CONV:
            raise ValueError(f'[backends.cpu.conv] expected "auto" or "direct", got {value!r}')
        cpu_kernels().set_conv_algorithm(value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "conv":
            raise AttributeError(f'[backends.cpu] expected the setting "conv", got {name!r}')
        super().__setattr__(name, value)

    @contextmanager
    def flags(self, *, conv: str) -> Iterator[None]:
        """The setting for the length of a `with` block."""
        before = self.conv
        self.conv = conv
        try:
            yield
        finally:
            self.conv = before


cpu = _Cpu()
