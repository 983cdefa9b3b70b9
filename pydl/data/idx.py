"""The IDX format of MNIST: two zero bytes, type, rank, big-endian 32-bit sizes, then the values."""

from __future__ import annotations

import math
import struct

import numpy as np

from .errors import DataError
from .files import PathLike, check_sha256, describe, gunzip, read_file

LIMIT = 256 << 20
MAX_RANK = 8
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: PathLike, *, sha256: str | None = None, limit: int = LIMIT) -> np.ndarray:
    """The array in an IDX file, raw or gzipped; at most `limit` bytes, else DataError.

    `sha256` is the checksum of the content (not of the gzip around it, which differs by mirror).
    """
    data = read_file(path, limit)
    if data[:2] == b"\x1f\x8b":
        data = gunzip(data, path, limit)
    array = parse_idx(data, path)
    if sha256 is not None:
        check_sha256(data, sha256, path)
    return array


def parse_idx(data: bytes | bytearray, path: PathLike) -> np.ndarray:
    """The array in the IDX bytes `data`, without a copy for 8-bit values; `path` is for error messages."""
    kind, shape = parse_header(data, path)
    offset = 4 + 4 * len(shape)
    expected = offset + math.prod(shape) * kind.itemsize
    if len(data) != expected:
        raise DataError(path, f"{expected} bytes for shape {shape} of {kind.name}", f"{len(data)} bytes")
    array = np.frombuffer(data, kind, offset=offset).reshape(shape)
    return array.astype(kind.newbyteorder("="), copy=False)


def parse_header(data: bytes | bytearray, path: PathLike) -> tuple[np.dtype, tuple[int, ...]]:
    """Type and shape that the header declares; DataError if the header itself is wrong."""
    if len(data) < 4 or data[0] or data[1]:
        raise DataError(path, "IDX data (00 00 type rank)", describe(data))
    if data[2] not in TYPES:
        raise DataError(path, "an IDX type byte of 08, 09, 0b, 0c, 0d or 0e", f"{data[2]:02x}")
    rank = data[3]
    if not 1 <= rank <= MAX_RANK:
        raise DataError(path, f"1 to {MAX_RANK} dimensions", f"{rank}")
    if len(data) < 4 + 4 * rank:
        raise DataError(path, f"a header of {4 + 4 * rank} bytes", f"{len(data)} bytes")
    shape = struct.unpack_from(f">{rank}I", data, 4)
    if 0 in shape:
        raise DataError(path, "dimensions of at least 1", f"{shape}")
    return np.dtype(TYPES[data[2]]), shape


def check_pair(images: np.ndarray, labels: np.ndarray, names: tuple[str, str], classes: int) -> None:
    """DataError unless images are uint8 (N, H, W) and labels uint8 (N,) below `classes`."""
    if images.ndim != 3 or images.dtype != np.uint8:
        raise DataError(names[0], "uint8 images of 3 dimensions", f"{images.dtype} of {images.ndim}")
    if labels.ndim != 1 or labels.dtype != np.uint8:
        raise DataError(names[1], "uint8 labels of 1 dimension", f"{labels.dtype} of {labels.ndim}")
    if len(labels) != len(images):
        raise DataError(names[1], f"{len(images)} labels, one an image", f"{len(labels)}")
    if labels.max() >= classes:
        raise DataError(names[1], f"labels below {classes}", f"{labels.max()}")
