"""Normalisation layers."""

from __future__ import annotations

from typing import Any

from ..arrays import float32, int64
from ..checks import number
from ..creation import ones, tensor, zeros
from ..tensor import Tensor
from . import functional as F
from . import init
from .checks import groups, integer, integers
from .module import Module
from .parameter import parameter


def _begin(module: Module) -> None:
    """Weight 1 and bias 0, where there are any."""
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)


class _Norm(Module):
    """Per-channel weight, bias and running statistics, each optional."""

    ndims: tuple[int, ...] = ()

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        name = type(self).__name__
        self.num_features = integer(name, "num_features", num_features)
        self.eps = number(name, "eps", eps, 0.0)
        self.momentum = None if momentum is None else number(name, "momentum", momentum, 0.0, 1.0)
        self.affine, self.track_running_stats = affine, track_running_stats
        shape: Any = {"dtype": dtype, "device": device}
        self.register_parameter("weight", parameter(num_features, **shape) if affine else None)
        self.register_parameter("bias", parameter(num_features, **shape) if affine and bias else None)
        shape["dtype"] = dtype or float32
        self.register_buffer("running_mean", zeros(num_features, **shape) if track_running_stats else None)
        self.register_buffer("running_var", ones(num_features, **shape) if track_running_stats else None)
        count = tensor(0, dtype=int64, device=device)
        self.register_buffer("num_batches_tracked", count if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and statistics reset."""
        self.reset_running_stats()
        _begin(self)

    def _check_input(self, input: Tensor) -> None:
        if input.ndim not in self.ndims:
            wanted = " or ".join(f"{n}-D" for n in self.ndims)
            raise ValueError(f"[{type(self).__name__}] expected {wanted} input, got shape {input.shape}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Norm):
    """(x - mean) / √(var + eps) · weight + bias, channel by channel (Ioffe and Szegedy 2015, Algorithm 1).

    In training the batch's mean and biased variance are used, and the running ones move towards the batch's (with the
    unbiased variance) by `momentum`, or are averages over all batches where it is None.
    """

    def forward(self, input: Tensor) -> Tensor:
        self._check_input(input)
        momentum = self.momentum or 0.0
        updating = self.training and self.num_batches_tracked is not None
        if updating and self.momentum is None:
            momentum = 1.0 / (self.num_batches_tracked.item() + 1)
        use_batch = self.training or self.running_mean is None
        output = F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, use_batch, momentum, self.eps
        )
        if updating:
            self.num_batches_tracked.add_(1)
        return output


class BatchNorm1d(_BatchNorm):
    __doc__ = f"""(N, C) or (N, C, L): {_BatchNorm.__doc__}"""
    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = f"""(N, C, H, W): {_BatchNorm.__doc__}"""
    ndims = (4,)


class InstanceNorm2d(_Norm):
    """(N, C, H, W) or (C, H, W): (x - mean) / √(var + eps) · weight + bias, every channel of every image by itself.

    The variance is the biased one (Ulyanov et al. 2016).
    """

    ndims = (3, 4)

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: Any = None, dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input(input)
        if input.shape[-3] != self.num_features:
            raise ValueError(f"[InstanceNorm2d] expected {self.num_features} channels, got input {input.shape}")
        batch = input if input.ndim == 4 else input.unsqueeze(0)
        use_input = self.training or not self.track_running_stats
        output = F.instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            use_input,
            self.momentum or 0.0,
            self.eps,
        )
        return output if input.ndim == 4 else output.squeeze(0)


class LayerNorm(Module):
    """(x - mean) / √(var + eps) · weight + bias over the last dimensions, of shape `normalized_shape`.

    Mean and biased variance are those of each sample (Ba, Kiros and Hinton 2016).
    """

    def __init__(
        self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        count = len(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else 1
        if count == 0:
            raise ValueError("[LayerNorm] expected normalized_shape with at least one size, got ()")
        self.normalized_shape = integers("LayerNorm", "normalized_shape", normalized_shape, count)
        self.eps = number("LayerNorm", "eps", eps, 0.0)
        self.elementwise_affine = elementwise_affine
        shape: Any = {"dtype": dtype, "device": device}
        with_bias = elementwise_affine and bias
        self.register_parameter("weight", parameter(*self.normalized_shape, **shape) if elementwise_affine else None)
        self.register_parameter("bias", parameter(*self.normalized_shape, **shape) if with_bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _begin(self)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine, bias = self.elementwise_affine, self.bias is not None
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}, bias={bias}"


class GroupNorm(Module):
    """(N, C, …): (x - mean) / √(var + eps) · weight + bias, by group: C / num_groups channels of a sample.

    The variance is the biased one, weight and bias are the channels' (Wu and He 2018).
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: Any = None,
        dtype: Any = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_channels = integer("GroupNorm", "num_channels", num_channels)
        self.num_groups = groups("GroupNorm", num_groups, num_channels=num_channels)
        self.eps, self.affine = number("GroupNorm", "eps", eps, 0.0), affine
        shape: Any = {"dtype": dtype, "device": device}
        self.register_parameter("weight", parameter(num_channels, **shape) if affine else None)
        self.register_parameter("bias", parameter(num_channels, **shape) if affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        _begin(self)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"
        return f"{text}, bias={self.bias is not None}"


class LocalResponseNorm(Module):
    """(N, C, …): x / (k + alpha · m)^beta, m the mean of x² over `size` neighbouring channels.

    Krizhevsky, Sutskever and Hinton 2012, section 3.3.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = integer("LocalResponseNorm", "size", size)
        self.alpha = number("LocalResponseNorm", "alpha", alpha, 0.0)
        self.beta = number("LocalResponseNorm", "beta", beta)
        self.k = number("LocalResponseNorm", "k", k, 0.0)

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
