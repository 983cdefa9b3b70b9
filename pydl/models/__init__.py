"""The models of the course: those with `fit` and `predict`, and the networks that can be trained by name."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from .lenet import LeNet
from .mlp import MLP
from .registry import Data, Entry, complete, get, names

if TYPE_CHECKING:
    from .adaline import Adaline
    from .alexnet import AlexNet, AlexNet2012
    from .cifar_resnet import CifarResNet
    from .cnn import CNN
    from .estimator import Estimator, NotFittedError
    from .googlenet import GoogLeNet
    from .lenet5 import LeNet5
    from .linear_regression import LinearRegression
    from .logistic_regression import LogisticRegression
    from .mlp_classifier import MLPClassifier
    from .neuron import AND, NOT, OR, Hebb, McCullochPitts, xor
    from .one_vs_rest import OneVsRest
    from .perceptron import MistakePerceptron, Perceptron, convergence_bound
    from .resnet import ResNet, resnet18, resnet34, resnet50, resnet101, resnet152
    from .softmax_regression import SoftmaxRegression
    from .vgg import VGG, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn

_IN_FILE = {
    "neuron": ("AND", "Hebb", "McCullochPitts", "NOT", "OR", "xor"),
    "perceptron": ("MistakePerceptron", "Perceptron", "convergence_bound"),
    "adaline": ("Adaline",),
    "linear_regression": ("LinearRegression",),
    "logistic_regression": ("LogisticRegression",),
    "softmax_regression": ("SoftmaxRegression",),
    "one_vs_rest": ("OneVsRest",),
    "mlp_classifier": ("MLPClassifier",),
    "estimator": ("Estimator", "NotFittedError"),
    "cnn": ("CNN",),
    "lenet5": ("LeNet5",),
    "alexnet": ("AlexNet", "AlexNet2012"),
    "vgg": ("VGG", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"),
    "googlenet": ("GoogLeNet",),
    "resnet": ("ResNet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    "cifar_resnet": ("CifarResNet",),
}
_LATER = {name: file for file, names_there in _IN_FILE.items() for name in names_there}

__all__ = ["MLP", "Data", "Entry", "LeNet", "complete", "get", "names", *_LATER]


def __getattr__(name: str) -> Any:
    """All but the smallest are imported when they are first named."""
    if name not in _LATER:
        raise AttributeError(f"module 'pydl.models' has no attribute {name!r}")
    value = getattr(_import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
