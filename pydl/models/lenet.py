"""LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998), in the form that is taught today.

`lenet5.py` has it as published.
"""

from __future__ import annotations

from .. import nn, ops
from ..tensor import Tensor
from .images import fit_image


class LeNet(nn.Module):
    """Two 5×5 convolutions, each with ReLU and 2×2 max pooling, and three linear layers, on 32×32 images.

    Images (N, channels, H, W) → scores (N, num_classes). With one channel and ten classes it has 61,706 parameters.
    Smaller images are enlarged by the largest whole factor that fits (each pixel becomes a square), then padded with
    zeros on all sides to 32×32: 28×28 is padded by two pixels, 8×8 is enlarged fourfold. ValueError for larger images.
    `LeNet5` is the network of the paper.
    """

    def __init__(self, num_classes: int = 10, *, channels: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, input: Tensor) -> Tensor:
        x = self.pool(ops.relu(self.conv1(fit_image(input))))
        x = self.pool(ops.relu(self.conv2(x)))
        x = ops.relu(self.fc1(x.flatten(1)))
        return self.fc3(ops.relu(self.fc2(x)))
