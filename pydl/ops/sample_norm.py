"""Normalisation of each sample by itself: batch_norm of one sample whose channels are the groups to normalise."""

from __future__ import annotations

from collections.abc import Sequence

from ..tensor import Tensor
from .checks import as_integer
from .norm import batch_norm, check_affine, check_norm
from .shape import owned, repeat, reshape


def _standardise(input: Tensor, rows: int, eps: float) -> Tensor:
    """Each of `rows` equal parts of the input by its own mean and biased variance."""
    if input.numel() <= rows:  # nothing, or one value a row, which is its own mean
        return input - input
    flat = reshape(input, (1, rows, -1))
    return owned(reshape(batch_norm(flat, None, None, training=True, momentum=0.0, eps=eps), input.shape))


def _affine(output: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    if weight is not None:
        output = output * reshape(weight, shape)
    return output if bias is None else output + reshape(bias, shape)


def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """(x - mean) / √(var + eps) · weight + bias over the last dimensions (Ba, Kiros and Hinton 2016).

    `normalized_shape` is their shape, and that of weight and bias. The variance is the biased one.
    """
    check_norm("layer_norm", input, 1, eps)
    sizes = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    shape = tuple(as_integer("layer_norm", "normalized_shape", n) for n in sizes)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ValueError(f"[layer_norm] expected input of shape (…, {', '.join(map(str, shape))}), got {input.shape}")
    check_affine("layer_norm", shape, weight=weight, bias=bias)
    rows = 1
    for n in input.shape[: -len(shape)]:
        rows *= n
    return _affine(_standardise(input, rows, eps), weight, bias, shape)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each group of channels of each sample by its own mean and biased variance; input (N, C, …) (Wu and He 2018)."""
    check_norm("group_norm", input, 2, eps)
    channels, num_groups = input.shape[1], as_integer("group_norm", "num_groups", num_groups)
    if num_groups < 1 or channels % num_groups:
        raise ValueError(f"[group_norm] expected num_groups that divide {channels} channels, got {num_groups}")
    check_affine("group_norm", (channels,), weight=weight, bias=bias)
    if input.numel() == num_groups:
        raise ValueError(f"[group_norm] expected more than one value a group, got input of shape {input.shape}")
    output = _standardise(input, input.shape[0] * num_groups, eps)
    return _affine(output, weight, bias, (channels, *(1,) * (input.ndim - 2)))


def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
    weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of each sample by its own mean and biased variance; input (N, C, …) (Ulyanov et al. 2016).

    Running statistics, where given, move towards the mean of the samples'; without `use_input_stats` they are used.
    """
    check_norm("instance_norm", input, 3, eps, momentum)
    n, channels = input.shape[:2]
    check_affine("instance_norm", (channels,), running_mean=running_mean, running_var=running_var)
    check_affine("instance_norm", (channels,), weight=weight, bias=bias)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if input.numel() == n * channels and input.numel():
        raise ValueError(f"[instance_norm] expected more than one value a channel, got input of shape {input.shape}")
    if running_mean is None or running_var is None or n == 0:
        output = _standardise(input, n * channels, eps)
    else:
        mean, var = repeat(running_mean, n), repeat(running_var, n)
        flat = reshape(input, (1, n * channels, -1))
        output = owned(reshape(batch_norm(flat, mean, var, None, None, True, momentum, eps), input.shape))
        running_mean.copy_(mean.reshape(n, channels).mean(0))
        running_var.copy_(var.reshape(n, channels).mean(0))
    return _affine(output, weight, bias, (channels, *(1,) * (input.ndim - 2)))
