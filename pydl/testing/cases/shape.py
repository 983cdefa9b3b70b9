"""Rearranging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ..table import Op, Sample


def on(*shape: int) -> Callable[..., list[Sample]]:
    return lambda rng: [Sample((np.asarray(rng.standard_normal(shape)),))]


def _row(name: str, function: Callable, reference: Callable, *shape: int) -> Op:
    return Op(name, function, reference, on(*shape))


def _pair(rng: np.random.Generator) -> list[Sample]:
    return [Sample((rng.standard_normal((2, 3)), rng.standard_normal((2, 3))))]


def _split(x: Any) -> Any:
    return ops.split(x, [1, 3], 1)


OPS = [
    _row("reshape", lambda x: x.reshape(4, -1), lambda x: x.reshape(4, -1), 2, 6),
    _row("reshape_copies", lambda x: x.t().reshape(-1), lambda x: x.T.reshape(-1), 2, 6),
    _row("flatten", lambda x: ops.flatten(x, 1), lambda x: x.reshape(2, -1), 2, 3, 4),
    _row("permute", lambda x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1), 2, 3, 4),
    _row("transpose", lambda x: x.transpose(0, -1), lambda x: x.swapaxes(0, -1), 2, 3, 4),
    _row("movedim", lambda x: ops.movedim(x, 0, 2), lambda x: np.moveaxis(x, 0, 2), 2, 3, 4),
    _row("expand", lambda x: x.expand(4, -1, 3), lambda x: np.broadcast_to(x, (4, 2, 3)), 2, 1),
    _row("squeeze", lambda x: x.squeeze(1), lambda x: x.squeeze(1), 2, 1, 3),
    _row("unsqueeze", lambda x: x.unsqueeze(-1), lambda x: x[..., None], 2, 3),
    _row("clone", ops.clone, np.copy, 2, 3),
    _row("contiguous", lambda x: ops.contiguous(x.t()), lambda x: x.T, 2, 3),
    _row("narrow", lambda x: ops.narrow(x, 1, 1, 2), lambda x: x[:, 1:3], 2, 4),
    _row("select", lambda x: x.select(1, -1), lambda x: x[:, -1], 2, 4),
    _row("split", _split, lambda x: np.split(x, [1], 1), 2, 4),
    _row("chunk", lambda x: ops.chunk(x, 3), lambda x: [x[:2], x[2:4], x[4:]], 5, 2),
    _row("unbind", ops.unbind, list, 2, 3),
    _row("flip", lambda x: ops.flip(x, 0, 1), lambda x: x[::-1, ::-1], 2, 3),
    _row("flip_of_nothing", lambda x: ops.flip(x, ()), lambda x: x),
    _row("repeat", lambda x: ops.repeat(x, 2, 1, 3), lambda x: np.tile(x, (2, 1, 3)), 2, 3),
    _row("pad", lambda x: ops.pad(x, (1, 2, -1, 1), value=0.5),
         lambda x: np.pad(x[1:], ((0, 1), (1, 2)), constant_values=0.5), 3, 4),
    Op("cat", lambda x, y: ops.cat([x, y], 1), lambda x, y: np.concatenate([x, y], 1), _pair),
    Op("stack", lambda x, y: ops.stack([x, y], -1), lambda x, y: np.stack([x, y], -1), _pair),
]  # fmt: skip
