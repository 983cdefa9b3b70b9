"""Small images made to fit the networks that want 32×32."""

from __future__ import annotations

from .. import nn
from ..tensor import Tensor

SIDE = 32


def fit_image(input: Tensor, side: int = SIDE, function: str = "LeNet") -> Tensor:
    """Images (N, C, H, W) as (N, C, side, side): enlarged by a whole factor, then padded with zeros."""
    if input.ndim != 4 or not 1 <= max(input.shape[2:]) <= side or 0 in input.shape[2:]:
        raise ValueError(
            f"[{function}] expected images (N, C, H, W) of 1 … {side} pixels a side, got shape {input.shape}"
        )
    factor = side // max(input.shape[2:])
    if factor > 1:
        batch, channels, height, width = input.shape
        squares = input.reshape(batch, channels, height, 1, width, 1).expand(-1, -1, -1, factor, -1, factor)
        input = squares.reshape(batch, channels, height * factor, width * factor)
    down, right = side - input.shape[2], side - input.shape[3]
    if not down and not right:
        return input
    return nn.functional.pad(input, (right // 2, right - right // 2, down // 2, down - down // 2))
