"""Every operation's row of the op table, by family."""

from __future__ import annotations

from ..table import Op
from . import elementwise, reduce, select, shape

OPS: list[Op] = [*elementwise.OPS, *reduce.OPS, *select.OPS, *shape.OPS]
