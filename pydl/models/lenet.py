"""LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998), in the form that is taught today."""

from __future__ import annotations

from .. import nn, ops
from ..tensor import Tensor

SIDE = 32


class LeNet(nn.Module):
    """Two 5×5 convolutions, each with ReLU and 2×2 max pooling, and three linear layers, on 32×32 images.

    With one channel and ten classes it has 61,706 parameters. Smaller images are enlarged by the largest whole
    factor that fits (each pixel becomes a square), then padded with zeros on all sides to 32×32: 28×28 is padded by
    two pixels, 8×8 is enlarged fourfold. ValueError for larger images.
    """

    def __init__(self, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)

    def forward(self, input: Tensor) -> Tensor:
        x = self.pool(ops.relu(self.conv1(fit_image(input))))
        x = self.pool(ops.relu(self.conv2(x)))
        x = ops.relu(self.fc1(x.flatten(1)))
        return self.fc3(ops.relu(self.fc2(x)))


def fit_image(input: Tensor, side: int = SIDE) -> Tensor:
    """Images (N, C, H, W) as (N, C, side, side): enlarged by a whole factor, then padded with zeros."""
    if input.ndim != 4 or not 1 <= max(input.shape[2:]) <= side or 0 in input.shape[2:]:
        raise ValueError(f"[LeNet] expected images (N, C, H, W) of 1 … {side} pixels a side, got shape {input.shape}")
    factor = side // max(input.shape[2:])
    if factor > 1:
        batch, channels, height, width = input.shape
        squares = input.reshape(batch, channels, height, 1, width, 1).expand(-1, -1, -1, factor, -1, factor)
        input = squares.reshape(batch, channels, height * factor, width * factor)
    down, right = side - input.shape[2], side - input.shape[3]
    if not down and not right:
        return input
    return nn.functional.pad(input, (right // 2, right - right // 2, down // 2, down - down // 2))
