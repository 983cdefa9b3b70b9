"""A small convolutional network, of the kind that every course begins with."""

from __future__ import annotations

from .. import nn, ops
from ..tensor import Tensor


class CNN(nn.Module):
    """Two 3×3 convolutions, of `width` and 2 · `width` maps, each with ReLU and 2×2 max pooling; two linear layers.

    Images (N, channels, H, W) → scores (N, num_classes). Between the linear layers are 128 units with ReLU, of which
    `dropout` are masked in training. 28×28 images of one channel and ten classes: 421,642 parameters. ValueError for
    a side below 4, of which pooling would leave nothing.
    """

    def __init__(
        self,
        image_size: tuple[int, int] = (28, 28),
        num_classes: int = 10,
        *,
        channels: int = 1,
        width: int = 32,
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        if len(image_size) != 2 or min(image_size) < 4:
            raise ValueError(f"[CNN] expected image_size as (H, W) of at least 4 pixels each, got {image_size}")
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(2 * width * (image_size[0] // 4) * (image_size[1] // 4), 128)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(128, num_classes)

    def forward(self, input: Tensor) -> Tensor:
        x = self.pool(ops.relu(self.conv1(input)))
        x = self.pool(ops.relu(self.conv2(x)))
        x = self.dropout(ops.relu(self.fc1(x.flatten(1))))
        return self.fc2(x)
