"""Images at another size: nearest, linear, cubic and area interpolation, one axis after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor
from .adaptive import adaptive_avg_pool2d
from .resize import Blend, take
from .shape import owned, squeeze, unsqueeze

_NDIM = {"linear": 3, "bilinear": 4, "trilinear": 5, "bicubic": 4}


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


def _check(input: Any, mode: str, align_corners: Any, antialias: bool) -> None:
    if mode not in ("nearest", "nearest-exact", "area", *_NDIM):
        known = '"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic" or "area"'
        raise ValueError(f"[interpolate] expected mode {known}, got {mode!r}")
    if not isinstance(input, Tensor) or input.ndim < 3:
        raise ValueError(f"[interpolate] expected input of shape (N, C, …), got {getattr(input, 'shape', input)}")
    if input.dtype.kind != "f":
        raise TypeError(f"[interpolate] expected input of dtype float32 or float64, got {input.dtype}")
    if mode in _NDIM and input.ndim != _NDIM[mode]:
        raise ValueError(f"[interpolate] expected a {_NDIM[mode]}-D input for mode {mode!r}, got shape {input.shape}")
    if mode not in _NDIM and align_corners is not None:
        raise ValueError(f"[interpolate] expected mode {mode!r} without align_corners, got {align_corners}")
    if antialias:
        raise ValueError("[interpolate] expected antialias=False, got True")


def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
    recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    """An (N, C, …) input at another size, as torch.nn.functional.interpolate.

    size: the spatial sizes; or scale_factor: how many times larger each becomes. Place i of the output takes "nearest"
    from ⌊i · step⌋, "nearest-exact" from ⌊(i + ½) · step⌋; "linear" (3-D), "bilinear" (4-D) and "trilinear" (5-D) mix
    the two places around (i + ½) · step - ½ (with align_corners i · (n - 1) / (m - 1)), "bicubic" the four around it
    (Keys 1981, a = -¾); "area" takes means of cells. step is 1 / scale_factor, or n / m for sizes n and m (also
    with recompute_scale_factor, and as for PyTorch's images in "nearest" and the linear modes for an axis that keeps
    its size, in "nearest" also for one that doubles it).
    """
    _check(input, mode, align_corners, antialias)
    sizes, steps = _sizes(input, size, scale_factor)
    if min(*sizes, *input.shape[2:]) < 1:
        raise ValueError(f"[interpolate] expected sizes >= 1, got {tuple(sizes)} for input {input.shape}")
    if max(sizes) >= 2**31:
        raise ValueError(f"[interpolate] expected sizes below 2³¹, got {tuple(sizes)}")
    if mode == "area":
        return _area(input, sizes)
    if recompute_scale_factor:
        steps = [None] * len(sizes)
    axes = list(zip(input.shape[2:], sizes, steps, strict=True))
    steps = [None if _by_size(mode, n, new, step) else step for n, new, step in axes]
    # The last axis first: where it is the one that is consecutive in memory, it goes number by number.
    for axis in range(input.ndim - 1, 1, -1):
        n, new, step = input.shape[axis], sizes[axis - 2], steps[axis - 2]
        if mode in ("nearest", "nearest-exact"):
            input = take(input, axis, _nearest(n, new, step, 0.5 if mode == "nearest-exact" else 0.0))
        else:
            points = _points(n, new, step, bool(align_corners), mode != "bicubic")
            input = Blend(axis, new, (_cubic if mode == "bicubic" else _linear)(points, n))(input)
    return input


def _by_size(mode: str, n: int, new: int, step: float | None) -> bool:
    """Whether the sizes give the step: where they are all that is known or say the same, and where PyTorch says so.

    It does for an axis that keeps its size, in "nearest" also for one that doubles it, whatever the scale factor.
    """
    if step is None or step == n / new:
        return True
    return (mode not in ("nearest-exact", "bicubic") and new == n) or (mode == "nearest" and new == 2 * n)


def _area(input: Tensor, sizes: list[int]) -> Tensor:
    if input.ndim == 3:
        return owned(squeeze(adaptive_avg_pool2d(unsqueeze(input, -2), (1, *sizes)), -2))
    if input.ndim != 4:
        raise ValueError(f'[interpolate] expected a 3-D or 4-D input for mode "area", got shape {input.shape}')
    return adaptive_avg_pool2d(input, tuple(sizes))


def _nearest(n: int, new: int, step: float | None, shift: float) -> np.ndarray:
    if step is None and not shift:
        return np.arange(new) * n // new
    points = (np.arange(new) + shift) * (n / new if step is None else step)
    return np.floor(points).astype(np.int64).clip(0, n - 1)


def _points(n: int, new: int, step: float | None, align_corners: bool, clip: bool) -> np.ndarray:
    """Where in the input each place of the output lies."""
    if align_corners:
        return np.arange(new) * ((n - 1) / (new - 1) if new > 1 else 0.0)
    points = (np.arange(new) + 0.5) * (n / new if step is None else step) - 0.5
    return np.maximum(points, 0.0) if clip else points


def _triples(sources: np.ndarray, weights: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(place, source, weight) of rows of sources, limited to the input, and their weights, without the zeros."""
    places = np.broadcast_to(np.arange(len(sources))[:, None], sources.shape)
    kept = weights != 0
    return places[kept], sources.clip(0, n - 1)[kept], weights[kept]


def _linear(points: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low = np.minimum(np.floor(points).astype(np.int64), n - 1)
    part = np.where(low == n - 1, 0.0, points - low)
    return _triples(np.stack([low, low + 1], 1), np.stack([1 - part, part], 1), n)


def _cubic(points: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low = np.floor(points).astype(np.int64)
    near = np.stack([points - low, low + 1 - points], 1)
    far = near + 1
    inner = (1.25 * near - 2.25) * near**2 + 1
    outer = ((-0.75 * far + 3.75) * far - 6) * far + 3
    weights = np.stack([outer[:, 0], inner[:, 0], inner[:, 1], outer[:, 1]], 1)
    return _triples(np.stack([low - 1, low, low + 1, low + 2], 1), weights, n)
