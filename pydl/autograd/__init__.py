"""Gradients of any order by recording what was done: nodes (graph), the walk back (walk), what is asked (gradient)."""

from .fused import FusedGradient
from .gradient import backward, grad
from .graph import Edge, Function, Leaf, Node
from .mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "Edge",
    "Function",
    "FusedGradient",
    "Leaf",
    "Node",
    "backward",
    "enable_grad",
    "grad",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
