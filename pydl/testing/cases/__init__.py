"""Every operation's row of the op table, by family."""

from __future__ import annotations

from ..table import Op
from . import activation, conv, elementwise, loss, matmul, norm, pool, reduce, resize, select, shape, softmax

OPS: list[Op] = [
    *activation.OPS,
    *conv.OPS,
    *elementwise.OPS,
    *loss.OPS,
    *matmul.OPS,
    *norm.OPS,
    *pool.OPS,
    *reduce.OPS,
    *resize.OPS,
    *select.OPS,
    *shape.OPS,
    *softmax.OPS,
]
