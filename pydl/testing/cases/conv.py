"""Convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import ops
from .. import naive_conv
from ..table import Op, Sample

# image, weight of conv2d, options
CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 2, 4, 5), (3, 2, 3, 3), {"padding": 1}),
    ((1, 1, 6, 5), (2, 1, 3, 2), {"stride": (2, 1), "padding": (0, 1)}),
    ((2, 4, 5, 5), (4, 2, 2, 2), {"stride": 2, "groups": 2, "padding": 1}),
    ((2, 3, 4, 4), (6, 1, 3, 3), {"groups": 3, "padding": 1}),
    ((1, 2, 7, 6), (1, 2, 2, 3), {"dilation": (3, 2), "stride": (1, 2), "padding": (2, 1)}),
    ((4, 3, 5), (2, 4, 1, 1), {}),
    ((1, 1, 4, 5), (1, 1, 2, 4), {"padding": "same"}),
    ((1, 2, 3, 3), (2, 2, 2, 2), {"padding": "valid"}),
    ((2, 5, 3, 3), (5, 1, 2, 2), {"groups": 5, "stride": 3, "padding": 2}),
    ((0, 2, 4, 4), (3, 2, 3, 3), {}),
]

# maps, weight of conv_transpose2d, options
TRANSPOSED: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 2, 3), (3, 2, 3, 3), {"padding": 1}),
    ((1, 2, 3, 2), (2, 3, 4, 4), {"stride": 2, "padding": 1}),
    ((1, 4, 2, 2), (4, 1, 2, 3), {"stride": (3, 2), "groups": 2, "output_padding": (2, 1)}),
    ((1, 1, 2, 3), (1, 1, 2, 2), {"stride": 2, "dilation": 3, "output_padding": 2}),
    ((2, 2, 3), (2, 1, 3, 1), {"stride": (1, 4), "output_padding": (0, 3)}),
    ((0, 2, 2, 2), (2, 1, 2, 2), {}),
]


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.standard_normal(shape))


def convolutions(rng: np.random.Generator) -> Iterator[Sample]:
    for i, (image, weight, options) in enumerate(CONVOLUTIONS):
        bias = _normal(rng, weight[:1]) if i % 2 else None
        yield Sample((_normal(rng, image), _normal(rng, weight), bias), options)


def transposed(rng: np.random.Generator) -> Iterator[Sample]:
    for i, (maps, weight, options) in enumerate(TRANSPOSED):
        channels = weight[1] * options.get("groups", 1)
        bias = _normal(rng, (channels,)) if i % 2 else None
        yield Sample((_normal(rng, maps), _normal(rng, weight), bias), options)


def weight_grads(rng: np.random.Generator) -> Iterator[Sample]:
    for image, weight, options in CONVOLUTIONS:
        maps = naive_conv.conv2d(np.zeros(image), np.zeros(weight), **options).shape
        yield Sample((_normal(rng, image), _normal(rng, maps), weight[2:]), options)


def signals(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((_normal(rng, (2, 3, 9)), _normal(rng, (4, 3, 3)), _normal(rng, (4,))), {"padding": 1})
    yield Sample((_normal(rng, (2, 7)), _normal(rng, (2, 1, 2)), None), {"stride": 2, "dilation": 3, "groups": 2})


def _conv1d(x: np.ndarray, w: np.ndarray, b: Any = None, **options: Any) -> np.ndarray:
    pairs: dict[str, Any] = {k: v if k == "groups" else (int(k != "padding"), v) for k, v in options.items()}
    return naive_conv.conv2d(x[..., None, :], w[:, :, None], b, **pairs)[..., 0, :]


OPS = [
    Op("conv2d", ops.conv2d, naive_conv.conv2d, convolutions, bound=naive_conv.conv2d),
    Op("conv_transpose2d", ops.conv_transpose2d, naive_conv.conv_transpose2d, transposed,
       bound=naive_conv.conv_transpose2d),
    Op("conv2d_weight_grad", ops.conv2d_weight_grad, naive_conv.conv2d_weight_grad, weight_grads,
       bound=naive_conv.conv2d_weight_grad),
    Op("conv1d", ops.conv1d, _conv1d, signals, bound=_conv1d),
]  # fmt: skip
