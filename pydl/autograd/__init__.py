"""Gradients of any order by recording what was done.

Nodes (graph), the walk back (walk), what is asked (gradient), and pictures of it (trace, layout, picture).
"""

from .fused import FusedGradient
from .gradient import backward, grad
from .graph import Edge, Function, Leaf, Node
from .mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .picture import draw_graph, graph_dot, graph_svg
from .trace import Trace

__all__ = [
    "Edge",
    "Function",
    "FusedGradient",
    "Leaf",
    "Node",
    "Trace",
    "backward",
    "draw_graph",
    "enable_grad",
    "grad",
    "graph_dot",
    "graph_svg",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
