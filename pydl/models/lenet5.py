"""LeNet-5 as published: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document
Recognition", section II-B and appendix A. `lenet.py` has the form that is taught today."""

from __future__ import annotations

from .. import nn, ops, random
from ..checks import integer
from ..creation import tensor, zeros
from ..nn import init
from ..tensor import Tensor
from .images import fit_image

# Table I: the maps of S2 that each of the sixteen maps of C3 sees.
CONNECTIONS = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
CODE_SEED = 1998


def squash(x: Tensor) -> Tensor:
    """1.7159 · tanh(2x/3): +1 goes to +1, -1 to -1."""
    return 1.7159 * ops.tanh(x * (2 / 3))


class Subsampling(nn.Module):
    """coefficient · (sum of each 2×2 window) + bias, one of each a map: S2 and S4."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.pool = nn.SumPool2d(2)
        self.weight = nn.Parameter(init.uniform_(zeros(maps, 1, 1), -0.6, 0.6))  # 2.4 / (4 inputs)
        self.bias = nn.Parameter(zeros(maps, 1, 1))

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(input) * self.weight + self.bias


class PartialConv(nn.Module):
    """A 5×5 convolution of 6 maps to 16, each of which sees only its `CONNECTIONS`: C3, with 60 kernels, not 96.

    weight (60, 5, 5): the kernels of one output map after the other. The weight (16, 6, 5, 5) of an ordinary
    convolution is looked up in it, with zeros where there is no connection.
    """

    def __init__(self) -> None:
        super().__init__()
        pairs = [(output, input) for output, inputs in enumerate(CONNECTIONS) for input in inputs]
        place = {pair: i for i, pair in enumerate(pairs)}
        table = [[place.get((output, input), len(pairs)) for input in range(6)] for output in range(16)]
        self.register_buffer("table", tensor(table), persistent=False)
        self.weight = nn.Parameter(zeros(len(pairs), 5, 5))
        self.bias = nn.Parameter(zeros(16))
        for kernel, (output, _) in zip(self.weight.detach(), pairs, strict=True):
            bound = 2.4 / (25 * len(CONNECTIONS[output]))
            init.uniform_(kernel, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        kernels = ops.cat([self.weight, zeros(1, 5, 5, dtype=self.weight.dtype, device=self.weight.device)])
        return ops.conv2d(input, kernels[self.table], self.bias)


class LeNet5(nn.Module):
    """The network of figure 2: C1, S2, C3, S4, C5, F6 and the radial basis functions of the output.

    Images (N, channels, H, W) → scores (N, num_classes). 60,000 parameters are trained with one channel: 156 + 12 +
    1,516 + 32 + 48,120 + 10,164. The scores are -‖F6 - code‖², so that cross-entropy on them is the paper's equation 9
    without its constant e⁻ʲ. The codes of the classes, 84 numbers ±1 each, are fixed; the paper draws them as 7×12
    pictures of characters, here they are random, which it names as the other choice. Images as in `LeNet`: up to 32×32,
    enlarged and padded; ValueError for larger ones.
    """

    def __init__(self, num_classes: int = 10, *, channels: int = 1) -> None:
        super().__init__()
        integer("LeNet5", "num_classes", num_classes, 1)
        self.c1 = nn.Conv2d(channels, 6, 5)
        self.s2 = Subsampling(6)
        self.c3 = PartialConv()
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        for layer in (self.c1, self.c5, self.f6):
            bound = 2.4 / layer.weight[0].numel()  # appendix A: ±2.4 / fan-in
            init.uniform_(layer.weight, -bound, bound)
            init.zeros_(layer.bias)
        coin = random.rand(num_classes, 84, generator=random.Generator(CODE_SEED)) - 0.5
        self.register_buffer("codes", ops.sign(coin))

    def forward(self, input: Tensor) -> Tensor:
        x = squash(self.c1(fit_image(input, function="LeNet5")))
        x = squash(self.s2(x))
        x = squash(self.c3(x))
        x = squash(self.s4(x))
        x = squash(self.c5(x)).flatten(1)
        x = squash(self.f6(x))
        return -ops.square(x.unsqueeze(1) - self.codes).sum(2)
