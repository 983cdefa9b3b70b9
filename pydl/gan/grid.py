"""Samples as one picture."""

from __future__ import annotations

import math

import numpy as np


def to_bytes(samples: np.ndarray) -> np.ndarray:
    """Numbers in [0, 1] as bytes 0 … 255; what lies outside is cut off, and NaN is 0."""
    return (np.clip(np.nan_to_num(samples), 0, 1) * 255 + 0.5).astype(np.uint8)


def image_grid(images: np.ndarray, columns: int | None = None, gap: int = 1, scale: int = 1) -> np.ndarray:
    """Images (N, C, H, W) in [0, 1] side by side, row by row, as bytes (H', W') or, of three channels, (H', W', 3).

    There are `columns` in a row (√N, rounded up, by default), `gap` grey pixels between them, and each pixel becomes
    `scale`² pixels. ValueError for other shapes or no images.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ValueError(f"[image_grid] expected images (N, 1 or 3, H, W), got {images.shape}")
    if columns is not None and columns < 1:
        raise ValueError(f"[image_grid] expected columns >= 1, got {columns}")
    count, channels, height, width = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    pitch_y, pitch_x = height + gap, width + gap
    picture = np.full((channels, rows * pitch_y + gap, columns * pitch_x + gap), 96, np.uint8)
    for i, image in enumerate(to_bytes(images)):
        y, x = (i // columns) * pitch_y + gap, (i % columns) * pitch_x + gap
        picture[:, y : y + height, x : x + width] = image
    picture = picture.repeat(scale, axis=1).repeat(scale, axis=2)
    return picture[0] if channels == 1 else np.ascontiguousarray(picture.transpose(1, 2, 0))


def point_map(points: np.ndarray, low: np.ndarray, high: np.ndarray, size: int = 256) -> np.ndarray:
    """Points (N, 2) as a picture (size, size): bright where they lie densely, `low` … `high` from edge to edge."""
    cells = ((points - low) / np.maximum(high - low, 1e-12) * size).astype(np.float64)
    inside = np.isfinite(cells).all(1) & (cells >= 0).all(1) & (cells < size).all(1)
    x, y = cells[inside].astype(np.int64).T
    counts = np.zeros((size, size))
    np.add.at(counts, (size - 1 - y, x), 1)
    return to_bytes(np.sqrt(counts / max(counts.max(), 1)))


def picture(samples: np.ndarray, columns: int | None = None) -> np.ndarray | None:
    """A grid of images, small ones enlarged to about 32 pixels; None for samples that are no images."""
    if samples.ndim != 4 or samples.shape[1] not in (1, 3):
        return None
    return image_grid(samples, columns, scale=max(1, 32 // samples.shape[2]))
