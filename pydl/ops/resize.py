"""Images padded by their own elements, and pixel shuffle."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..autograd import Function
from ..backend import Array, array_module, kernels
from ..tensor import Tensor
from .checks import as_integer, as_tensor
from .kept import Kept
from .select import GetItem
from .shape import check_pad, permute, reshape


class Blend(Function):
    """y[i] = Σ weight · x[source] over the triples (i, source, weight) along one axis, i ascending.

    A sparse matrix product that never multiplies by an absent zero, so an infinity stays where it is.
    """

    def __init__(self, axis: int, size: int, triples: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
        self.axis, self.size, self.triples = axis, size, triples

    def forward(self, x: Array) -> Array:
        self.length = x.shape[self.axis]
        places, sources, weights = self.triples
        starts = np.searchsorted(places, np.arange(self.size + 1))
        if isinstance(x, np.ndarray):
            return kernels(x).blend(x, self.axis, starts, sources, weights)
        xp = array_module(x)
        y = xp.zeros((*x.shape[: self.axis], self.size, *x.shape[self.axis + 1 :]), x.dtype)
        lead, tail = (slice(None),) * self.axis, (None,) * (x.ndim - self.axis - 1)
        rank = np.arange(len(places)) - starts[places]
        for turn in [np.flatnonzero(rank == r) for r in range(int(rank.max(initial=-1)) + 1)]:
            weight = xp.asarray(weights[turn].astype(x.dtype))[(slice(None), *tail)]
            y[(*lead, xp.asarray(places[turn]))] += x[(*lead, xp.asarray(sources[turn]))] * weight
        return y

    def backward(self, g: Tensor) -> Tensor:
        places, sources, weights = self.triples
        order = np.argsort(sources, kind="stable")
        return Blend(self.axis, self.length, (sources[order], places[order], weights[order]))(g)


def take(input: Tensor, axis: int, index: np.ndarray) -> Tensor:
    """The slices of dimension `axis` that `index` (in range) names."""
    if isinstance(input._data, np.ndarray) and input.dtype.kind == "f":
        return Blend(axis, len(index), (np.arange(len(index)), index, np.ones(len(index))))(input)
    places = array_module(input._data).asarray(index)
    return GetItem(Kept((slice(None),) * axis + (places,)))(input)


def _source(mode: str, n: int, before: int, after: int) -> np.ndarray:
    """For every place of a padded dimension of size n, the place that its element comes from."""
    places = np.arange(-before, n + after)
    if mode == "replicate":
        return places.clip(0, n - 1)
    if mode == "circular":
        return places % n
    return (n - 1) - np.abs((n - 1) - np.abs(places))


def pad_with(input: Tensor, pad: Sequence[int], mode: str) -> Tensor:
    """Padding (left, right, top, bottom, …) from the last dimension by the input's own elements.

    mode: "reflect" (mirrored about the border element), "replicate" (the border element) or "circular".
    """
    if mode not in ("reflect", "replicate", "circular"):
        raise ValueError(f'[pad] expected mode "constant", "reflect", "replicate" or "circular", got {mode!r}')
    widths = check_pad(input, pad)
    pairs = [(input.ndim - 1 - i // 2, widths[i], widths[i + 1]) for i in range(0, len(widths), 2)]
    for axis, before, after in pairs:
        n = input.shape[axis]
        most = {"reflect": n - 1, "circular": n}.get(mode, math.inf if n else 0)
        if not (0 <= before <= most and 0 <= after <= most):
            raise ValueError(
                f"[pad] expected padding in 0 … {most} for mode {mode!r} and size {n}, got ({before}, {after})"
            )
    for axis, before, after in pairs:
        if before or after:
            input = take(input, axis, _source(mode, input.shape[axis], before, after))
    return input


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(N, C·r², H, W) to (N, C, H·r, W·r) (Shi et al. 2016)."""
    r = as_integer("pixel_shuffle", "upscale_factor", upscale_factor)
    if as_tensor("pixel_shuffle", input).ndim < 3 or r < 1 or input.shape[-3] % (r * r):
        raise ValueError(
            f"[pixel_shuffle] expected input of shape (…, C·{r}², H, W) and r >= 1, got {input.shape} and {r}"
        )
    *lead, c, h, w = input.shape
    k = len(lead)
    parts = reshape(input, (*lead, c // (r * r), r, r, h, w))
    order = (*range(k), k, k + 3, k + 1, k + 4, k + 2)
    return reshape(permute(parts, order), (*lead, c // (r * r), h * r, w * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(N, C, H·r, W·r) to (N, C·r², H, W), the inverse of `pixel_shuffle`."""
    r = as_integer("pixel_unshuffle", "downscale_factor", downscale_factor)
    if as_tensor("pixel_unshuffle", input).ndim < 3 or r < 1 or input.shape[-2] % r or input.shape[-1] % r:
        raise ValueError(
            f"[pixel_unshuffle] expected input of shape (…, C, {r}·H, {r}·W) and r >= 1, got {input.shape} and {r}"
        )
    *lead, c, h, w = input.shape
    k = len(lead)
    parts = reshape(input, (*lead, c, h // r, r, w // r, r))
    order = (*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return reshape(permute(parts, order), (*lead, c * r * r, h // r, w // r))
