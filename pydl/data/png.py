"""8-bit RGB PNG files (ISO/IEC 15948), checked chunk by chunk before any pixel is decoded."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from .errors import DataError
from .files import PathLike, decompress, describe, read_file

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_FILE = 32 << 20
MAX_PIXELS = 1 << 20  # a second of decoding at worst
MAX_CHUNKS = 1 << 16
MAX_SIDE = 1 << 12
UP, MEAN, PAETH = 2, 3, 4


def read_png(path: PathLike, *, max_pixels: int = MAX_PIXELS, max_side: int = MAX_SIDE) -> np.ndarray:
    """The pixels of an 8-bit, non-interlaced RGB PNG as uint8 (H, W, 3); DataError for anything else."""
    return decode_png(read_file(path, MAX_FILE), path, max_pixels=max_pixels, max_side=max_side)


def decode_png(
    data: bytes | bytearray, path: PathLike, *, max_pixels: int = MAX_PIXELS, max_side: int = MAX_SIDE
) -> np.ndarray:
    """As `read_png`, from the bytes of the file."""
    header, pixels = _chunks(data, path)
    width, height = _check_header(header, path, max_pixels, max_side)
    content = _inflate(pixels, height * (1 + 3 * width), path)
    rows = np.frombuffer(content, np.uint8).reshape(height, 1 + 3 * width)
    kinds = rows[:, 0]
    if kinds.max() > PAETH:
        raise DataError(path, f"row filters 0 to {PAETH}", f"{kinds.max()}")
    return _unfilter(kinds, rows[:, 1:].reshape(height, width, 3))


def _unfilter(kinds: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The pixels (H, W, 3) whose differences from a prediction are `rows`, all modulo 256 (section 9).

    Rows of kind 0 and 1 need no other row. The others wait for the pixel on the left and the row above: of all of
    them the pixels with the same sum of column and place in their run of such rows are computed at once.
    """
    height, width = rows.shape[:2]
    pixels = np.zeros((height + 1, width + 1, 3), np.int16)  # with zeros above and on the left
    inner = pixels[1:, 1:]
    inner[kinds == 0] = rows[kinds == 0]
    inner[kinds == 1] = np.cumsum(rows[kinds == 1], axis=1, dtype=np.uint8)
    index = np.arange(height)
    depths = index - np.maximum.accumulate(np.where(kinds <= 1, index, -1)) - 1
    waiting = np.flatnonzero(kinds > 1)
    waiting = waiting[np.argsort(depths[waiting], kind="stable")]
    depths = depths[waiting]
    for front in range(width + int(depths[-1]) if len(waiting) else 0):
        chosen = slice(*np.searchsorted(depths, (front - width, front), side="right"))
        y, x = waiting[chosen], front - depths[chosen]
        guess = _predict(kinds[y][:, None], pixels[y + 1, x], pixels[y, x + 1], pixels[y, x])
        inner[y, x] = (rows[y, x] + guess) & 255
    return inner.astype(np.uint8)


def _predict(kind: np.ndarray, left: np.ndarray, above: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """The prediction by kind: the pixel above, the mean of two, or the nearest to left + above - corner."""
    near_left, near_above = abs(above - corner), abs(left - corner)
    near_corner = abs(left + above - 2 * corner)
    best = np.where(near_above <= near_corner, above, corner)
    best = np.where((near_left <= near_above) & (near_left <= near_corner), left, best)
    return np.where(kind == UP, above, np.where(kind == MEAN, (left + above) >> 1, best))


def _chunks(data: bytes | bytearray, path: PathLike) -> tuple[bytes, bytearray]:
    """The body of IHDR and the joined IDAT bodies, after checking order, lengths and CRCs."""
    if data[:8] != SIGNATURE:
        raise DataError(path, "a PNG signature", describe(data))
    view, position, last, seen = memoryview(data), 8, b"", set()
    header, pixels = b"", bytearray()
    for _ in range(MAX_CHUNKS):
        kind, body = _next_chunk(view, position, path)
        position += 12 + len(body)
        if (kind == b"IHDR") != (not last):
            raise DataError(path, "one IHDR chunk, in front", f"{kind!r}")
        if kind == b"IHDR":
            header = bytes(body)
        elif kind == b"IDAT":
            if kind in seen and last != kind:
                raise DataError(path, "IDAT chunks in one run", f"another after {last!r}")
            pixels += body
        elif kind == b"IEND":
            if body:
                raise DataError(path, "an IEND chunk of 0 bytes", f"{len(body)}")
            break
        elif kind != b"PLTE" and not kind[0] & 0x20:
            raise DataError(path, "chunks of the PNG standard", f"critical chunk {kind!r}")
        last = kind
        seen.add(kind)
    if position != len(data):
        raise DataError(path, f"nothing after IEND or chunk {MAX_CHUNKS}", f"{len(data) - position} bytes")
    return header, pixels


def _next_chunk(view: memoryview, position: int, path: PathLike) -> tuple[bytes, memoryview]:
    left = len(view) - position
    if left < 12:
        raise DataError(path, "an IEND chunk at the end", "the end of the file")
    (length,) = struct.unpack_from(">I", view, position)
    if length > left - 12:
        raise DataError(path, f"a chunk of {length} bytes", f"{left - 12} bytes to the end of the file")
    kind = bytes(view[position + 4 : position + 8])
    (crc,) = struct.unpack_from(">I", view, position + 8 + length)
    got = zlib.crc32(view[position + 4 : position + 8 + length])
    if got != crc:
        raise DataError(path, f"CRC {crc:08x} of chunk {kind!r}", f"{got:08x}: the chunk is damaged")
    return kind, view[position + 8 : position + 8 + length]


def _check_header(header: bytes, path: PathLike, max_pixels: int, max_side: int) -> tuple[int, int]:
    if len(header) != 13:
        raise DataError(path, "an IHDR chunk of 13 bytes", f"{len(header)}")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">2I5B", header)
    if not (width and height and width * height <= max_pixels):
        raise DataError(path, f"1 to {max_pixels} pixels", f"{width} x {height}")
    if max(width, height) > max_side:
        raise DataError(path, f"sides of at most {max_side} pixels", f"{width} x {height}")
    if depth != 8 or colour != 2:
        raise DataError(path, "8-bit RGB (colour type 2)", f"{depth}-bit, colour type {colour}")
    if compression or filtering or interlace:
        raise DataError(
            path,
            "compression 0, filter 0, no interlacing",
            f"compression {compression}, filter {filtering}, interlacing {interlace}",
        )
    return width, height


def _inflate(packed: bytearray, expected: int, path: PathLike) -> bytearray:
    """The `expected` bytes that `packed` inflates to; DataError for fewer, and as soon as there are more."""
    engine, content = zlib.decompressobj(), bytearray()
    pending: bytes | bytearray = packed
    while not engine.eof:
        piece = decompress(engine, pending, path)
        pending = engine.unconsumed_tail
        content += piece
        if len(content) > expected or not (piece or pending):
            break
    if len(content) != expected or not engine.eof:
        got = "more" if len(content) > expected else f"{len(content)}"
        raise DataError(path, f"{expected} bytes of PNG pixels", got)
    if engine.unused_data or pending:
        raise DataError(path, "nothing after the compressed pixels", f"{len(engine.unused_data) + len(pending)} bytes")
    return content
