"""The models that can be trained by name, and the networks they are made of."""

from .lenet import LeNet
from .mlp import MLP
from .registry import Data, Entry, complete, get, names

__all__ = ["MLP", "Data", "Entry", "LeNet", "complete", "get", "names"]
