"""The two memory orders of images, and a view of either as (N, C, H, W)."""

from __future__ import annotations

import numpy as np

LAYOUTS = ("NCHW", "NHWC")


def in_layout(shape: tuple[int, int, int, int], layout: str) -> tuple[int, int, int, int]:
    """The shape of an array in `layout` for images of `shape` (N, C, H, W)."""
    n, c, h, w = shape
    return shape if layout == "NCHW" else (n, h, w, c)


def images(x: np.ndarray, layout: str) -> np.ndarray:
    """An array in `layout` as (N, C, H, W), without a copy."""
    return x if layout == "NCHW" else x.transpose(0, 3, 1, 2)
