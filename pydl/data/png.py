"""8-bit RGB PNG files, checked here chunk by chunk before Pillow decodes the pixels."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np

from .errors import DataError
from .files import PathLike, decompress, describe, read_file

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_FILE = 32 << 20
MAX_PIXELS = 12 << 20
MAX_CHUNKS = 1 << 16


def read_png(path: PathLike, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The pixels of an 8-bit, non-interlaced RGB PNG as uint8 (H, W, 3); DataError for anything else.

    Needs Pillow (ImportError naming the pip line without it).
    """
    return decode_png(read_file(path, MAX_FILE), path, max_pixels=max_pixels)


def decode_png(data: bytes | bytearray, path: PathLike, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """As `read_png`, from the bytes of the file."""
    header, pixels = _chunks(data, path)
    width, height = _check_header(header, path, max_pixels)
    _check_size(pixels, height * (1 + 3 * width), path)
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("PNG images need Pillow: pip install pillow") from error
    # Pillow sees the critical chunks alone: no profiles, no compressed text, nothing to expand.
    plain = io.BytesIO()
    plain.writelines([SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")])
    try:
        with Image.open(plain, formats=["PNG"]) as image:
            array = np.array(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(path, "PNG pixels that decode", str(error)) from error
    if array.shape != (height, width, 3):
        raise DataError(path, f"pixels of shape {(height, width, 3)}", f"{array.shape}")
    return array


def _chunk(kind: bytes, body: bytes | bytearray) -> bytes:
    crc = zlib.crc32(body, zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", crc)))


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


def _check_header(header: bytes, path: PathLike, max_pixels: int) -> tuple[int, int]:
    if len(header) != 13:
        raise DataError(path, "an IHDR chunk of 13 bytes", f"{len(header)}")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">2I5B", header)
    if not (width and height and width * height <= max_pixels):
        raise DataError(path, f"1 to {max_pixels} pixels", f"{width} x {height}")
    if depth != 8 or colour != 2:
        raise DataError(path, "8-bit RGB (colour type 2)", f"{depth}-bit, colour type {colour}")
    if compression or filtering or interlace:
        raise DataError(
            path,
            "compression 0, filter 0, no interlacing",
            f"compression {compression}, filter {filtering}, interlacing {interlace}",
        )
    return width, height


def _check_size(pixels: bytearray, expected: int, path: PathLike) -> None:
    """DataError unless `pixels` inflates to exactly `expected` bytes; the bytes are counted, not kept."""
    engine, total = zlib.decompressobj(), 0
    pending: bytes | bytearray = pixels
    while not engine.eof:
        piece = decompress(engine, pending, path)
        pending, total = engine.unconsumed_tail, total + len(piece)
        if total > expected or not (piece or pending):
            break
    if total != expected or not engine.eof:
        raise DataError(path, f"{expected} bytes of PNG pixels", "more" if total > expected else f"{total}")
