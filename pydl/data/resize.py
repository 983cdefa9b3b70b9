"""Resampling of images on the last two dimensions."""

from __future__ import annotations

import numpy as np


def resize(x: np.ndarray, size: tuple[int, int], interpolation: str) -> np.ndarray:
    """`x` (…, H, W) resampled to (…, *size), "nearest" or "bilinear"; same dtype, integers rounded.

    Bilinear: output i reads the source at (i + 1/2) * in / out - 1/2, clamped to the image.
    """
    if x.ndim < 2 or 0 in x.shape[-2:]:
        raise ValueError(f"[resize] expected an image (…, H, W) that is not empty, got shape {x.shape}")
    if interpolation == "nearest":
        rows, columns = (np.arange(out) * n // out for out, n in zip(size, x.shape[-2:], strict=True))
        return x[..., rows[:, None], columns]
    values = x if x.dtype.kind == "f" else x.astype(np.float32)
    values = _along_last(np.swapaxes(values, -1, -2), size[0])
    values = _along_last(np.swapaxes(values, -1, -2), size[1])
    return values if x.dtype.kind == "f" else np.rint(values).astype(x.dtype)


def _along_last(x: np.ndarray, out: int) -> np.ndarray:
    n = x.shape[-1]
    place = np.maximum((np.arange(out) + 0.5) * (n / out) - 0.5, 0)
    low = np.minimum(place.astype(np.int64), n - 1)
    high = np.minimum(low + 1, n - 1)
    weight = (place - low).astype(x.dtype)
    return x[..., low] * (1 - weight) + x[..., high] * weight
