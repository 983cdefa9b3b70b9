"""Convolution layers."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from . import init
from .checks import groups as check_groups
from .checks import integer, integers
from .module import Module
from .parameter import parameter


class _Conv(Module):
    """Arguments, weights and text that all convolutions share."""

    ndim = 2
    transposed = False

    def _build(
        self, sizes: tuple, stride: Any, padding: Any, dilation: Any, groups: Any, bias: bool, mode: str,
        device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        in_channels, out_channels, kernel_size = sizes
        self.in_channels = integer(name, "in_channels", in_channels)
        self.out_channels = integer(name, "out_channels", out_channels)
        self.kernel_size = integers(name, "kernel_size", kernel_size, self.ndim)
        self.stride = integers(name, "stride", stride, self.ndim)
        self.dilation = integers(name, "dilation", dilation, self.ndim)
        self.groups = check_groups(name, groups, in_channels=in_channels, out_channels=out_channels)
        self.padding = self._checked_padding(name, padding)
        modes = ("zeros",) if self.transposed else ("zeros", "reflect", "replicate", "circular")
        if mode not in modes:
            known = ", ".join(f'"{m}"' for m in modes)
            raise ValueError(f"[{name}] expected padding_mode as one of {known}, got {mode!r}")
        self.padding_mode = mode
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = parameter(first, second // groups, *self.kernel_size, dtype=dtype, device=device)
        self.register_parameter("bias", parameter(out_channels, dtype=dtype, device=device) if bias else None)
        self.reset_parameters()

    def _checked_padding(self, name: str, padding: Any) -> Any:
        if not isinstance(padding, str):
            return integers(name, "padding", padding, self.ndim, low=0)
        if padding not in ("same", "valid"):
            raise ValueError(f'[{name}] expected padding as integers >= 0, "same" or "valid", got {padding!r}')
        if padding == "same" and self.stride != (1,) * self.ndim:
            raise ValueError(f'[{name}] expected stride 1 for padding "same", got {self.stride}')
        return padding

    def _framed(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input, padded unless with zeros, and the padding that is left to do."""
        if self.padding_mode == "zeros":
            return input, self.padding
        if isinstance(self.padding, str):
            spans = zip(self.dilation, self.kernel_size, strict=True)
            totals = [d * (k - 1) if self.padding == "same" else 0 for d, k in spans]
            ends = [(t // 2, t - t // 2) for t in totals]
        else:
            ends = [(p, p) for p in self.padding]
        return F.pad(input, [n for pair in reversed(ends) for n in pair], self.padding_mode), 0

    def reset_parameters(self) -> None:
        """Draw new values: uniform in ±1/√fan_in."""
        init.fan_in_uniform_(self.weight, self.bias)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        none = (0,) * self.ndim
        output_padding = getattr(self, "output_padding", none)
        shown = [
            (f"padding={self.padding}", self.padding != none),
            (f"dilation={self.dilation}", self.dilation != (1,) * self.ndim),
            (f"output_padding={output_padding}", output_padding != none),
            (f"groups={self.groups}", self.groups != 1),
            ("bias=False", self.bias is None),
            (f"padding_mode={self.padding_mode}", self.padding_mode != "zeros"),
        ]
        return ", ".join([text, *(part for part, wanted in shown if wanted)])


class Conv2d(_Conv):
    """2-D cross-correlation of (N, in_channels, H, W); see `functional.conv2d`.

    weight (out_channels, in_channels / groups, kH, kW), bias (out_channels). padding: integers, "same" or "valid";
    padding_mode: "zeros", or "reflect", "replicate" or "circular" as in `functional.pad`.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        sizes = in_channels, out_channels, kernel_size
        self._build(sizes, stride, padding, dilation, groups, bias, padding_mode, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._framed(input)
        return F.conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(Conv2d):
    """1-D cross-correlation of (N, in_channels, L); weight (out_channels, in_channels / groups, k)."""

    ndim = 1

    def forward(self, input: Tensor) -> Tensor:
        input, padding = self._framed(input)
        return F.conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class ConvTranspose2d(_Conv):
    """The gradient of a convolution with respect to its input, as a layer; see `functional.conv_transpose2d`.

    weight (in_channels, out_channels / groups, kH, kW), bias (out_channels).
    """

    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1, padding_mode: str = "zeros",
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if isinstance(padding, str):
            raise TypeError(f"[ConvTranspose2d] expected padding as integers >= 0, got {padding!r}")
        self.output_padding = integers("ConvTranspose2d", "output_padding", output_padding, 2, low=0)
        sizes = in_channels, out_channels, kernel_size
        self._build(sizes, stride, padding, dilation, groups, bias, padding_mode, device, dtype)
        for extra, step, spread in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if extra >= max(step, spread):
                raise ValueError(
                    f"[ConvTranspose2d] expected output_padding < max(stride, dilation), got {self.output_padding} "
                    f"with stride {self.stride} and dilation {self.dilation}"
                )

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        extra = self.output_padding if output_size is None else self._padding_for(input, output_size)
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _padding_for(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output_padding that gives the wanted (H, W)."""
        wanted = tuple(output_size)[-2:]
        smallest = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-2:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        extra = tuple(int(w) - n for w, n in zip(wanted, smallest, strict=True))
        if any(not 0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            largest = [n + s - 1 for n, s in zip(smallest, self.stride, strict=True)]
            raise ValueError(
                f"[ConvTranspose2d] expected output_size between {smallest} and {largest}, got {tuple(output_size)}"
            )
        return extra
