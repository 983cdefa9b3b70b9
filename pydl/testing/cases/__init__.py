"""Every operation's row of the op table, by family."""

from __future__ import annotations

from ..table import Op
from . import (
    activation,
    arrange,
    conv,
    dropout,
    elementwise,
    interpolate,
    loss,
    matmul,
    norm,
    pool,
    reduce,
    resize,
    sample_norm,
    select,
    shape,
    softmax,
    unpool,
)

OPS: list[Op] = [
    *activation.OPS,
    *arrange.OPS,
    *conv.OPS,
    *dropout.OPS,
    *elementwise.OPS,
    *interpolate.OPS,
    *loss.OPS,
    *matmul.OPS,
    *norm.OPS,
    *pool.OPS,
    *reduce.OPS,
    *resize.OPS,
    *sample_norm.OPS,
    *select.OPS,
    *shape.OPS,
    *softmax.OPS,
    *unpool.OPS,
]
