"""Problem sizes as data, named by network and layer. The short form takes the rows marked `short`."""

from __future__ import annotations

from typing import NamedTuple


class Conv(NamedTuple):
    """A convolution of (n, c, size, size) to `o` channels; transposed ones make the larger image."""

    name: str
    n: int
    c: int
    size: int
    o: int
    kernel: int
    stride: int = 1
    padding: int = 0
    bias: bool = False
    first: bool = False  # its input is data, whose gradient nobody asks for
    short: bool = False

    @property
    def out(self) -> int:
        return (self.size + 2 * self.padding - self.kernel) // self.stride + 1


CONV = [
    Conv("lenet.conv1", 64, 1, 28, 6, 5, 1, 2, True, True),
    Conv("lenet.conv2", 64, 6, 14, 16, 5, bias=True, short=True),
    Conv("vgg11.conv1", 32, 3, 32, 64, 3, 1, 1, True, True),
    Conv("vgg11.conv2", 32, 64, 32, 64, 3, 1, 1, True),
    Conv("vgg11.conv3", 32, 64, 16, 128, 3, 1, 1, True),
    Conv("vgg11.conv5", 32, 128, 8, 256, 3, 1, 1, True),
    Conv("vgg11.conv7", 32, 256, 4, 512, 3, 1, 1, True),
    Conv("resnet18.conv1", 32, 3, 32, 64, 3, 1, 1, False, True),
    Conv("resnet18.layer1", 32, 64, 32, 64, 3, 1, 1),
    Conv("resnet18.layer2.0.conv1", 32, 64, 32, 128, 3, 2, 1),
    Conv("resnet18.layer2.0.short", 32, 64, 32, 128, 1, 2),
    Conv("resnet18.layer2", 32, 128, 16, 128, 3, 1, 1, short=True),
    Conv("resnet18.layer3.0.conv1", 32, 128, 16, 256, 3, 2, 1),
    Conv("resnet18.layer3", 32, 256, 8, 256, 3, 1, 1),
    Conv("resnet18.layer4", 32, 512, 4, 512, 3, 1, 1),
    Conv("resnet50.layer1.conv3", 8, 64, 56, 256, 1),
    Conv("dcgan.d.conv1", 16, 3, 64, 64, 4, 2, 1, False, True),
    Conv("dcgan.d.conv2", 16, 64, 32, 128, 4, 2, 1),
    Conv("dcgan.d.conv3", 16, 128, 16, 256, 4, 2, 1, short=True),
    Conv("dcgan.d.conv4", 16, 256, 8, 512, 4, 2, 1),
    Conv("dcgan.d.conv5", 16, 512, 4, 1, 4),
]

# The layers of the generator: `size` and `c` are those of the larger image that the layer makes.
CONV_TRANSPOSE = [
    Conv("dcgan.g.conv1", 16, 512, 4, 100, 4),
    Conv("dcgan.g.conv2", 16, 256, 8, 512, 4, 2, 1),
    Conv("dcgan.g.conv3", 16, 128, 16, 256, 4, 2, 1, short=True),
    Conv("dcgan.g.conv4", 16, 64, 32, 128, 4, 2, 1),
    Conv("dcgan.g.conv5", 16, 3, 64, 64, 4, 2, 1),
]


class Pool(NamedTuple):
    name: str
    n: int
    c: int
    size: int
    kernel: int
    stride: int
    padding: int = 0
    short: bool = False


MAX_POOL = [
    Pool("lenet.pool1", 64, 6, 28, 2, 2),
    Pool("vgg11.pool1", 32, 64, 32, 2, 2, short=True),
    Pool("vgg11.pool3", 32, 256, 8, 2, 2),
    Pool("alexnet.pool1", 16, 64, 31, 3, 2),
    Pool("resnet50.maxpool", 8, 64, 112, 3, 2, 1),
]
AVG_POOL = [
    Pool("lenet5.pool1", 64, 6, 28, 2, 2),
    Pool("densenet.transition1", 16, 128, 32, 2, 2, short=True),
    Pool("resnet18.avgpool", 32, 512, 4, 4, 4),
]


class Rows(NamedTuple):
    """A matrix (n, c); for batch normalisation images (n, c, size, size)."""

    name: str
    n: int
    c: int
    size: int = 1
    short: bool = False


BATCH_NORM = [
    Rows("resnet18.layer1", 32, 64, 32),
    Rows("resnet18.layer2", 32, 128, 16, short=True),
    Rows("resnet18.layer4", 32, 512, 4),
    Rows("dcgan.g.bn4", 16, 64, 32),
    Rows("mlp.bn1", 128, 512),
]
SOFTMAX = [
    Rows("mlp.out", 128, 10),
    Rows("imagenet.out", 128, 1000, short=True),
    Rows("attention", 4096, 256),
]
PAIRS = [  # of predictions and targets of the same shape
    Rows("gan2d.out", 256, 1),
    Rows("vae.mnist", 128, 784, short=True),
    Rows("dcgan.images", 16, 3, 64),
]


class Product(NamedTuple):
    name: str
    m: int
    k: int
    n: int
    short: bool = False


SQUARE = [Product(str(n), n, n, n, n in (256, 512)) for n in (64, 128, 256, 512, 1024, 2048)]
LINEAR = [
    Product("xor.fc1", 4, 2, 8),
    Product("gan2d.fc2", 256, 128, 128),
    Product("mlp.fc1", 128, 784, 512, True),
    Product("mlp.fc2", 128, 512, 512),
    Product("mlp.fc3", 128, 512, 10, True),
    Product("lenet.fc1", 64, 400, 120),
    Product("vgg16.fc2", 32, 4096, 4096),
]


class Length(NamedTuple):
    name: str
    n: int
    short: bool = False


LENGTHS = [Length("4 Ki", 1 << 12), Length("64 Ki", 1 << 16), Length("1 Mi", 1 << 20, True), Length("8 Mi", 1 << 23)]


class Parameters(NamedTuple):
    """The shapes of a network's parameters, for the optimizers."""

    name: str
    shapes: list[tuple[int, ...]]
    short: bool = False


def _convolution(c: Conv) -> list[tuple[int, ...]]:
    return [(c.o, c.c, c.kernel, c.kernel), (c.o,), (c.o,)]  # weight and the two of its batch normalisation


def _resnet18() -> list[tuple[int, ...]]:
    shapes = _convolution(Conv("stem", 0, 3, 32, 64, 3))
    before = 64
    for width in (64, 64, 128, 128, 256, 256, 512, 512):
        shapes += _convolution(Conv("first", 0, before, 0, width, 3)) + _convolution(Conv("", 0, width, 0, width, 3))
        if before != width:
            shapes += _convolution(Conv("short", 0, before, 0, width, 1))
        before = width
    return [*shapes, (10, 512), (10,)]


PARAMETERS = [
    Parameters("xor", [(8, 2), (8,), (2, 8), (2,)]),
    Parameters("mlp", [(512, 784), (512,), (512, 512), (512,), (10, 512), (10,)], True),
    Parameters(
        "lenet", [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,)]
    ),
    Parameters("resnet18", _resnet18()),
]
