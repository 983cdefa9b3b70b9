"""Padding by the input's own elements, pixel shuffle, embedding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import ops
from ...ops.resize import pad_with
from ..table import Op, Sample


def _pad(x: np.ndarray, pad: tuple[int, ...], mode: str) -> np.ndarray:
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    widths = [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]
    names: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(x, widths, mode=names[mode])


def pad_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for mode in ("reflect", "replicate", "circular"):
        yield Sample((rng.standard_normal((2, 3, 4)),), {"pad": (2, 1), "mode": mode})
        yield Sample((rng.standard_normal((2, 2, 3, 4)),), {"pad": (1, 3, 2, 0), "mode": mode})
        yield Sample((rng.standard_normal((0, 2, 3)),), {"pad": (1, 1), "mode": mode})


def _shuffle(x: np.ndarray, upscale_factor: int) -> np.ndarray:
    r = upscale_factor
    *lead, c, h, w = x.shape
    y = np.empty((*lead, c // r**2, h * r, w * r))
    for i in range(r):
        for j in range(r):
            y[..., i::r, j::r] = x[..., i * r + j :: r * r, :, :]
    return y


def _unshuffle(x: np.ndarray, downscale_factor: int) -> np.ndarray:
    r = downscale_factor
    *lead, c, h, w = x.shape
    y = np.empty((*lead, c * r**2, h // r, w // r))
    for i in range(r):
        for j in range(r):
            y[..., i * r + j :: r * r, :, :] = x[..., i::r, j::r]
    return y


def shuffle_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, r in [((2, 8, 2, 3), 2), ((9, 1, 2), 3), ((1, 2, 2, 2), 1)]:
        yield Sample((rng.standard_normal(shape),), {"upscale_factor": r})


def unshuffle_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, r in [((2, 2, 4, 6), 2), ((1, 3, 6), 3), ((1, 2, 2, 2), 1)]:
        yield Sample((rng.standard_normal(shape),), {"downscale_factor": r})


def _embedding(weight: np.ndarray, input: Any) -> np.ndarray:
    return weight[np.asarray(input)]


def embedding_samples(rng: np.random.Generator) -> Iterator[Sample]:
    for index in (np.array(2), np.array([0, 3, 3]), np.array([[1, 1], [0, 2]]), np.zeros((0, 2), np.int64)):
        yield Sample((rng.standard_normal((4, 3)),), {"input": index})


OPS = [
    Op("pad_with", pad_with, _pad, pad_samples),
    Op("pixel_shuffle", ops.pixel_shuffle, _shuffle, shuffle_samples),
    Op("pixel_unshuffle", ops.pixel_unshuffle, _unshuffle, unshuffle_samples),
    Op("embedding", lambda weight, input: ops.embedding(input, weight), _embedding, embedding_samples),
]
