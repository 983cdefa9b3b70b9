import struct
import time
import zlib

import numpy as np
import pytest

from pydl.data import DataError
from pydl.data.png import MAX_CHUNKS, SIGNATURE, decode_png

WIDTH, HEIGHT = 5, 4
PIXELS = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
ROWS = b"".join(b"\0" + row.tobytes() for row in PIXELS)


def chunk(kind, body=b""):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(header=(WIDTH, HEIGHT, 8, 2, 0, 0, 0), rows=ROWS, before=b"", after=b"", end=None):
    ihdr = chunk(b"IHDR", struct.pack(">2I5B", *header))
    end = chunk(b"IEND") if end is None else end
    return SIGNATURE + ihdr + before + chunk(b"IDAT", zlib.compress(rows)) + after + end


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_reads_rgb():
    assert np.array_equal(decode_png(png(), "f.png"), PIXELS)
    extra = chunk(b"tEXt", b"a\0b") + chunk(b"iCCP", b"x\0\0broken")
    assert np.array_equal(decode_png(png(before=extra), "f.png"), PIXELS)
    packed = zlib.compress(ROWS)
    parts = chunk(b"IDAT", packed[:9]) + chunk(b"IDAT", packed[9:])
    whole = SIGNATURE + chunk(b"IHDR", struct.pack(">2I5B", WIDTH, HEIGHT, 8, 2, 0, 0, 0)) + parts + chunk(b"IEND")
    assert np.array_equal(decode_png(whole, "f.png"), PIXELS)


def filtered(pixels, kinds):
    """The rows of a PNG, each filtered pixel by pixel as ISO/IEC 15948, section 9, has it."""
    height, width, _ = pixels.shape
    padded = np.pad(pixels.astype(int), ((1, 0), (1, 0), (0, 0)))
    rows = b""
    for y in range(height):
        rows += bytes([kinds[y]])
        for x in range(width):
            for left, above, corner, value in zip(
                padded[y + 1, x], padded[y, x + 1], padded[y, x], pixels[y, x], strict=True
            ):
                p = left + above - corner
                nearest = min((abs(p - left), 0, left), (abs(p - above), 1, above), (abs(p - corner), 2, corner))[2]
                guess = (0, left, above, (left + above) // 2, nearest)[kinds[y]]
                rows += bytes([(int(value) - int(guess)) % 256])
    return rows


@pytest.mark.parametrize("kinds", ["0", "1", "2", "3", "4", "mixed"])
def test_row_filters(kinds):
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (17, 6, 3), np.uint8)
    chosen = rng.integers(0, 5, 17) if kinds == "mixed" else [int(kinds)] * 17
    data = png(header=(6, 17, 8, 2, 0, 0, 0), rows=filtered(pixels, chosen))
    assert np.array_equal(decode_png(data, "f.png"), pixels)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "a PNG signature, got an empty file"),
        (b"<html></html>", "a PNG signature, got an HTML"),
        (SIGNATURE, "IEND"),
        (flipped(png(), 18), "CRC .* of chunk b'IHDR'"),
        (flipped(png(), 45), "CRC .* of chunk b'IDAT'"),
        (png(end=b""), "an IEND chunk"),
        (png() + b"\0", "nothing after IEND"),
        (png()[:-3], "IEND"),
        (png(header=(WIDTH, HEIGHT, 16, 2, 0, 0, 0)), "8-bit RGB .*got 16-bit"),
        (png(header=(WIDTH, HEIGHT, 8, 3, 0, 0, 0)), "8-bit RGB .*colour type 3"),
        (png(header=(WIDTH, HEIGHT, 8, 6, 0, 0, 0)), "8-bit RGB .*colour type 6"),
        (png(header=(WIDTH, HEIGHT, 8, 2, 0, 0, 1)), "interlacing 1"),
        (png(header=(WIDTH, HEIGHT, 8, 2, 1, 0, 0)), "compression 1"),
        (png(header=(0, 0, 8, 2, 0, 0, 0)), "pixels, got 0 x 0"),
        (png(header=(WIDTH, 0, 8, 2, 0, 0, 0)), "pixels, got 5 x 0"),
        (png(header=(2**31, 2**31, 8, 2, 0, 0, 0)), "pixels, got 2147483648 x 2147483648"),
        (png(header=(2**32 - 1, 1, 8, 2, 0, 0, 0)), "pixels, got 4294967295 x 1"),
        (png(header=(2**15, 1, 8, 2, 0, 0, 0)), "sides of at most 4096 pixels, got 32768 x 1"),
        (
            png(header=(2**14, 767, 8, 2, 0, 0, 0), rows=(b"\4" + b"\0" * 49152) * 767),
            "1048576 pixels, got 16384 x 767",
        ),
        (png(end=chunk(b"IEND", b"x")), "an IEND chunk of 0 bytes, got 1"),
        (png(after=chunk(b"IDAT", b"junk")), "nothing after the compressed pixels, got 4 bytes"),
        (png(rows=ROWS[:-1]), "64 bytes of PNG pixels, got 63"),
        (png(rows=ROWS + b"\0"), "64 bytes of PNG pixels, got more"),
        (png(rows=b"\0" * (100 << 20)), "64 bytes of PNG pixels, got more"),
        (png(rows=b"\7" + ROWS[1:]), "row filters 0 to 4, got 7"),
        (png(before=chunk(b"IHDR", b"\0" * 13)), "one IHDR chunk"),
        (SIGNATURE + chunk(b"IDAT"), "one IHDR chunk"),
        (SIGNATURE + chunk(b"IHDR", b"\0" * 12), "IHDR chunk of 13 bytes|IEND"),
        (png(after=chunk(b"tEXt") + chunk(b"IDAT")), "one run"),
        (png(before=chunk(b"ABCD")), "critical chunk"),
        (png()[:33] + struct.pack(">I", 2**31) + png()[37:], "a chunk of 2147483648 bytes"),
        (png(before=chunk(b"tEXt") * MAX_CHUNKS), "or chunk 65536"),
    ],
)
def test_hostile_files(data, words):
    begin = time.process_time()
    with pytest.raises(DataError, match=f"^f.png: expected .*(?:{words})"):
        decode_png(data, "f.png")
    assert time.process_time() - begin < 2


def test_every_truncation_and_bit_flip_is_detected():
    data = png()
    for length in range(len(data)):
        with pytest.raises(DataError):
            decode_png(data[:length], "f.png")
    for bit in range(8 * len(data)):
        with pytest.raises(DataError):
            decode_png(data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :], "f.png")


@pytest.mark.parametrize(("width", "height"), [(1024, 1024), (4096, 256), (256, 4096)])
def test_the_largest_images_are_read_soon(width, height):
    data = png((width, height, 8, 2, 0, 0, 0), (b"\4" + b"\0" * 3 * width) * height)
    begin = time.process_time()
    assert not decode_png(data, "f.png").any()
    assert time.process_time() - begin < 2
