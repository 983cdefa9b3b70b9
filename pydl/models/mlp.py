"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

from .. import nn
from ..tensor import Tensor


class MLP(nn.Module):
    """Linear layers with ReLU between them: features, images of any shape flattened → hidden… → outputs.

    `hidden` gives the widths; without any the network is linear. `dropout` follows every ReLU. State keys are
    `layers.<i>.weight` and `.bias`, i counting ReLU and dropout too.
    """

    def __init__(self, inputs: int, outputs: int, hidden: Sequence[int] = (256, 128), dropout: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, outputs))

    def forward(self, input: Tensor) -> Tensor:
        return self.layers(input.flatten(1))
