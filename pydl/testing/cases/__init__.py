"""Every operation's row of the op table, by family."""

from __future__ import annotations

from ..table import Op
from . import activation, elementwise, reduce, resize, select, shape

OPS: list[Op] = [*activation.OPS, *elementwise.OPS, *reduce.OPS, *resize.OPS, *select.OPS, *shape.OPS]
