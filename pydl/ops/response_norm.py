"""Local response normalisation: the maps at one place inhibit each other."""

from __future__ import annotations

from ..tensor import Tensor
from .elementwise import div, pow
from .pool import avg_pool2d
from .shape import pad, reshape
from .unary import square


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha · m)^beta, m the mean of x² over `size` neighbouring channels; input (N, C, …).

    Channels c - ⌊size/2⌋ … c + ⌊(size-1)/2⌋; those outside count as 0. Krizhevsky et al. 2012, section 3.3, where
    alpha stands before the sum: alpha here is `size` times that one. ValueError for fewer than two dimensions and
    for `size` < 1.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"[local_response_norm] expected input to be a tensor, got {type(input).__name__}")
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"[local_response_norm] expected size as an integer >= 1, got {type(size).__name__}")
    if size < 1:
        raise ValueError(f"[local_response_norm] expected size as an integer >= 1, got {size}")
    if input.ndim < 2:
        raise ValueError(f"[local_response_norm] expected input of at least 2 dimensions, got shape {input.shape}")
    if input.numel() == 0:
        return input * 1.0
    batch, channels = input.shape[:2]
    columns = pad(reshape(square(input), (batch, 1, channels, -1)), (0, 0, size // 2, (size - 1) // 2))
    mean = reshape(avg_pool2d(columns, (size, 1), 1), input.shape)
    return div(input, pow(mean * alpha + k, beta))
