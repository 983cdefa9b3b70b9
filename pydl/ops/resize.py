"""Images made larger or rearranged: padding by their own elements, nearest upsampling, pixel shuffle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import array_module
from ..tensor import Tensor
from .select import GetItem
from .shape import expand, permute, reshape


def take(input: Tensor, axis: int, index: np.ndarray) -> Tensor:
    """The slices of dimension `axis` that `index` (in range) names."""
    places = array_module(input._data).asarray(index)
    return GetItem((slice(None),) * axis + (places,))(input)


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
    if len(pad) % 2 or len(pad) // 2 > input.ndim:
        raise ValueError(f"[pad] expected pairs for at most {input.ndim} dimensions, got {tuple(pad)}")
    pairs = [(input.ndim - 1 - i // 2, int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2)]
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


def _sizes(input: Tensor, size: Any, scale_factor: Any) -> tuple[list[int], list[float | None]]:
    """Output sizes of the spatial dimensions; steps from output to input places, None where the sizes give them."""
    count = input.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError(f"[interpolate] expected size or scale_factor, got {size} and {scale_factor}")
    given = size if size is not None else scale_factor
    values = list(given) if isinstance(given, (tuple, list)) else [given] * count
    if len(values) != count:
        raise ValueError(f"[interpolate] expected {count} values for input {input.shape}, got {given}")
    kind = (int, np.integer) if size is not None else (int, float, np.integer, np.floating)
    for v in values:
        if isinstance(v, bool) or not isinstance(v, kind):
            what = "size as integers" if size is not None else "scale_factor as numbers"
            raise TypeError(f"[interpolate] expected {what}, got {given!r}")
        if not (v > 0 and math.isfinite(v)):
            raise ValueError(f"[interpolate] expected values > 0, got {given!r}")
    sources = input.shape[2:]
    if size is not None:
        return [int(v) for v in values], [None] * count
    return [math.floor(n * v) for n, v in zip(sources, values, strict=True)], [1 / v for v in values]


def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None
) -> Tensor:
    """An (N, C, …) input at another size, each element from place ⌊i · step⌋ ("nearest").

    size: the spatial sizes; or scale_factor: how many times larger each becomes.
    """
    if mode != "nearest" or align_corners is not None:
        raise ValueError(f'[interpolate] expected mode "nearest" without align_corners, got {mode!r}')
    if not isinstance(input, Tensor) or input.ndim < 3:
        raise ValueError(f"[interpolate] expected input of shape (N, C, …), got {getattr(input, 'shape', input)}")
    sizes, steps = _sizes(input, size, scale_factor)
    ratios = [new // n if n and new % n == 0 else 0 for n, new in zip(input.shape[2:], sizes, strict=True)]
    if all(ratios):
        spread = [n for pair in zip(input.shape[2:], ratios, strict=True) for n in pair]
        ones = [n for size_ in input.shape[2:] for n in (size_, 1)]
        wide = expand(reshape(input, (*input.shape[:2], *ones)), (*input.shape[:2], *spread))
        return reshape(wide, (*input.shape[:2], *sizes))
    for axis, (new, step) in enumerate(zip(sizes, steps, strict=True), 2):
        if min(new, input.shape[axis]) < 1:
            raise ValueError(f"[interpolate] expected sizes >= 1, got {tuple(sizes)} for input {input.shape}")
        n = input.shape[axis]
        places = np.arange(new) * n // new if step is None else np.floor(np.arange(new) * step).astype(np.int64)
        input = take(input, axis, places.clip(0, n - 1))
    return input


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(N, C·r², H, W) to (N, C, H·r, W·r) (Shi et al. 2016)."""
    r = upscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-3] % (r * r):
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
    r = downscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-2] % r or input.shape[-1] % r:
        raise ValueError(
            f"[pixel_unshuffle] expected input of shape (…, C, {r}·H, {r}·W) and r >= 1, got {input.shape} and {r}"
        )
    *lead, c, h, w = input.shape
    k = len(lead)
    parts = reshape(input, (*lead, c, h // r, r, w // r, r))
    order = (*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return reshape(permute(parts, order), (*lead, c * r * r, h // r, w // r))
