"""Images written as PNG (ISO/IEC 15948), without a library for images."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np

from .atomic import write_file


def write_png(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Write uint8 pixels (H, W), grey, or (H, W, 3), RGB; ValueError or TypeError for anything else."""
    write_file(path, [encode_png(image)])


def encode_png(image: np.ndarray) -> bytes:
    """The bytes of a PNG file."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        raise TypeError(f"[write_png] expected an array of uint8, got {getattr(image, 'dtype', type(image).__name__)}")
    if not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)) or image.size == 0:
        raise ValueError(f"[write_png] expected an image of shape (H, W) or (H, W, 3), got {image.shape}")
    height, width = image.shape[:2]
    rows = np.zeros((height, 1 + image[0].size), np.uint8)  # each begins with its filter: 0, none
    rows[:, 1:] = image.reshape(height, -1)
    header = struct.pack(">2I5B", width, height, 8, 0 if image.ndim == 2 else 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
