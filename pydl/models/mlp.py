"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import nn
from ..tensor import Tensor


class MLP(nn.Module):
    """Linear layers with an activation between them: features, images of any shape flattened → hidden… → outputs.

    `hidden` gives the widths; without any the network is linear. `activation` makes what follows a hidden layer,
    then comes `dropout`. State keys are `layers.<i>.weight` and `.bias`, i counting activations and dropout too.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: Sequence[int] = (256, 128),
        dropout: float = 0.0,
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in hidden:
            layers += [nn.Linear(inputs, width), activation()]
            if dropout:
                layers.append(nn.Dropout(dropout))
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, outputs))

    def forward(self, input: Tensor) -> Tensor:
        return self.layers(input.flatten(1))
