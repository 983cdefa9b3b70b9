"""What the forms of networks for small images share: how an image is made 32×32, and how the weights begin."""

from __future__ import annotations

from .. import nn
from ..nn import init
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


def initialise_small(network: nn.Module) -> None:
    """Weights N(0, 2 / fan-in), which keep the size of the signal through ReLU (He et al. 2015); biases 0.

    The last layer, which no ReLU follows, has N(0, 0.01²), so that training begins at the loss of a guess.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    for layer in layers:
        init.kaiming_normal_(layer.weight, nonlinearity="relu")
        init.zeros_(layer.bias)
    init.normal_(layers[-1].weight, 0.0, 0.01)
