"""Initialisations: each fills a tensor in place, outside the graph, from pydl's generator, and returns it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..backend import array_module
from ..checks import integer, number
from ..random import rand
from ..tensor import Tensor


def _check(function: str, tensor: Any, ndim: int = 0) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"[{function}] expected tensor as a tensor, got {type(tensor).__name__}")
    if tensor.ndim < ndim:
        raise ValueError(f"[{function}] expected a tensor of at least {ndim} dimensions, got shape {tensor.shape}")


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform in [a, b)."""
    _check("uniform_", tensor)
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with the given mean and standard deviation."""
    _check("normal_", tensor)
    return tensor.normal_(mean, number("normal_", "std", std, 0.0), generator=generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Normal, cut off outside [a, b], which holds the mean.

    What falls outside is drawn again. Where [a, b] holds less than 3/10 of the normal numbers, they are drawn uniformly
    from it and kept with a probability in proportion to the normal density: most are, however narrow it is beside std.
    """
    _check("trunc_normal_", tensor)
    mean = number("trunc_normal_", "mean", mean, finite=True)
    std = number("trunc_normal_", "std", std, 0.0, finite=True)
    a, b = number("trunc_normal_", "a", a), number("trunc_normal_", "b", b)
    if not a <= mean <= b:
        raise ValueError(f"[trunc_normal_] expected mean within [{a}, {b}], got {mean}")
    narrow = std > 0 and _below((b - mean) / std) - _below((a - mean) / std) < 0.3

    def draw(target: Tensor) -> Tensor:
        return uniform_(target, a, b, generator) if narrow else normal_(target, mean, std, generator)

    def refused(drawn: Tensor) -> Any:
        if not narrow:
            return (drawn._data < a) | (drawn._data > b)
        chance = rand(drawn.shape, generator=generator, dtype=drawn.dtype, device=drawn.device)._data
        return chance >= array_module(chance).exp(-0.5 * ((drawn._data - mean) / std) ** 2)

    outside = refused(draw(tensor))
    while outside.any():
        fresh = draw(tensor.detach().clone())
        tensor.copy_(Tensor._wrap(array_module(outside).where(outside, fresh._data, tensor._data)))
        outside &= refused(fresh)
    return tensor


def _below(x: float) -> float:
    """The probability of a standard normal number below x."""
    return (1 + math.erf(x / math.sqrt(2))) / 2


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere."""
    _check("constant_", tensor)
    return tensor.fill_(val)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return constant_(tensor, 1.0)


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """1 on the diagonal of a matrix, 0 elsewhere."""
    _check("eye_", tensor, 2)
    if tensor.ndim != 2:
        raise ValueError(f"[eye_] expected a matrix, got shape {tensor.shape}")
    return tensor.copy_(Tensor._wrap(np.eye(*tensor.shape, dtype=tensor.dtype)))


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution weight that passes its channels through, as far as there are channels."""
    _check("dirac_", tensor, 3)
    groups = integer("dirac_", "groups", groups, 1)
    if tensor.shape[0] % groups:
        raise ValueError(f"[dirac_] expected groups that divide dim 0, got {groups} and shape {tensor.shape}")
    value = np.zeros(tensor.shape, tensor.dtype)
    per_group = tensor.shape[0] // groups
    centre = tuple(n // 2 for n in tensor.shape[2:])
    for group in range(groups):
        for i in range(min(per_group, tensor.shape[1])):
            value[(group * per_group + i, i, *centre)] = 1
    return tensor.copy_(Tensor._wrap(value))


_GAINS = {
    "linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv3d": 1.0, "conv_transpose1d": 1.0, "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4,
}  # fmt: skip


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """What keeps the variance of activations through a nonlinearity; `param` is leaky_relu's slope (0.01)."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else number("calculate_gain", "param", param)
        return math.sqrt(2.0 / (1 + slope**2))
    if not isinstance(nonlinearity, str) or nonlinearity not in _GAINS:
        raise ValueError(
            f"[calculate_gain] expected nonlinearity as one of {sorted([*_GAINS, 'leaky_relu'])}, got {nonlinearity!r}"
        )
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Connections into and out of one unit, for a weight of shape (out, in, …)."""
    _check("init", tensor, 2)
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _fan(function: str, tensor: Tensor, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'[{function}] expected mode "fan_in" or "fan_out", got {mode!r}')
    return _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform in ±gain · √(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    gain = number("xavier_uniform_", "gain", gain)
    bound = gain * math.sqrt(6.0 / max(sum(_calculate_fan_in_and_fan_out(tensor)), 1))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal with std gain · √(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    gain = number("xavier_normal_", "gain", gain)
    std = gain * math.sqrt(2.0 / max(sum(_calculate_fan_in_and_fan_out(tensor)), 1))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform in ±gain · √(3 / fan), with the gain of `nonlinearity` and its slope `a` (He et al. 2015)."""
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / max(_fan("kaiming_uniform_", tensor, mode), 1))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal with std gain / √fan, with the gain of `nonlinearity` and its slope `a` (He et al. 2015)."""
    std = calculate_gain(nonlinearity, a) / math.sqrt(max(_fan("kaiming_normal_", tensor, mode), 1))
    return normal_(tensor, 0.0, std, generator)


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """gain · Q, where Q (the rows flattened to a matrix) has orthonormal rows or columns (Saxe et al. 2014)."""
    _check("orthogonal_", tensor, 2)
    gain = number("orthogonal_", "gain", gain)
    if tensor.numel() == 0:
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    draw = normal_(tensor.detach().clone().reshape(rows, columns), generator=generator).numpy()
    q, r = np.linalg.qr(draw.T if rows < columns else draw)
    q = q * np.sign(np.diagonal(r))
    q = q.T if rows < columns else q
    return tensor.copy_(Tensor._wrap((gain * q).astype(tensor.dtype).reshape(tensor.shape)))


def fan_in_uniform_(weight: Tensor, bias: Tensor | None) -> None:
    """How Linear and the convolutions begin: both uniform in ±1/√fan_in, the weight by `kaiming_uniform_(a=√5)`."""
    kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = _calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(max(fan_in, 1))
        uniform_(bias, -bound, bound)
