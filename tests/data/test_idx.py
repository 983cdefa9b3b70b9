import contextlib
import gzip
import hashlib
import os
import resource
import struct
import time

import numpy as np
import pytest

from pydl.data import DataError, read_idx
from pydl.data.remote import Idx

HTML = b"<!DOCTYPE html><html><body>404</body></html>"


def idx(array, kind=0x08):
    array = np.asarray(array)
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def zipped(data):
    """As gzip does, but without the time, so that tests have the same names in every process."""
    return gzip.compress(data, mtime=0)


GOOD = idx(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


def refuse(path, data, *words):
    """`data` in `path` must be a DataError with `words`, quickly and in little memory."""
    path.write_bytes(data)
    begin, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert time.process_time() - begin < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 << 10
    text = str(caught.value)
    assert text.startswith(f"{path}: expected ")
    assert ", got " in text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    "kind", [(0x08, ">u1"), (0x09, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]
)
@pytest.mark.parametrize("pack", [bytes, zipped])
def test_every_type_raw_and_gzipped(tmp_path, kind, pack):
    values = np.array([[1, 2, 3], [4, 5, 120]]).astype(kind[1])
    (tmp_path / "x").write_bytes(pack(idx(values, kind[0])))
    got = read_idx(tmp_path / "x")
    assert got.dtype == values.dtype.newbyteorder("=")
    assert got.dtype.isnative
    assert np.array_equal(got, values)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["an empty file"]),
        (b"\0\0", ["bytes 00 00"]),
        (b"\1" + GOOD[1:], ["IDX data", "bytes 01"]),
        (b"\0\0\x07\x03" + GOOD[4:], ["type byte", "07"]),
        (b"\0\0\x0a\x03" + GOOD[4:], ["type byte", "0a"]),
        (b"\0\0\x08\x00" + GOOD[4:], ["1 to 8 dimensions", "got 0"]),
        (b"\0\0\x08\xc8" + GOOD[4:], ["1 to 8 dimensions", "got 200"]),
        (b"\0\0\x08\x03" + struct.pack(">3I", 0, 3, 4), ["at least 1", "(0, 3, 4)"]),
        (b"\0\0\x08\x03" + struct.pack(">3I", *[2**32 - 1] * 3), ["79228162458924105385300197391 bytes"]),
        (b"\0\0\x0e\x01" + struct.pack(">I", 2**32 - 1), ["34359738368 bytes", "got 8 bytes"]),
        (b"\0\0\x08\x03\0\0", ["a header of 16 bytes", "got 6"]),
        (GOOD[:-1], ["40 bytes", "got 39"]),
        (GOOD + b"\0", ["40 bytes", "got 41"]),
        (HTML, ["HTML"]),
        (zipped(HTML), ["HTML"]),
        (zipped(GOOD)[:-1], ["cut short"]),
        (zipped(GOOD)[:12], ["cut short"]),
        (zipped(GOOD)[:-8] + b"\0" * 8, ["damaged"]),
        (zipped(GOOD) * 2, ["one gzip member"]),
        (zipped(GOOD) + b"\0", ["one gzip member", "1 more bytes"]),
        (b"\x1f\x8b\x08garbage garbage garbage", ["data"]),
    ],
)
def test_hostile_files(tmp_path, data, words):
    refuse(tmp_path / "file", data, *words)


def test_every_truncation_is_an_error(tmp_path):
    path, packed = tmp_path / "x", zipped(GOOD)
    for data in (GOOD, packed):
        for length in range(len(data)):
            path.write_bytes(data[:length])
            with pytest.raises(DataError):
                read_idx(path)


def test_every_bit_flip_is_detected_or_harmless(tmp_path):
    path, packed = tmp_path / "x", zipped(GOOD)
    for bit in range(8 * len(packed)):
        data = bytearray(packed)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        with contextlib.suppress(DataError):
            assert read_idx(path).tobytes() == GOOD[16:]


def test_bombs(tmp_path):
    bomb = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 2**30) + b"\0" * (64 << 20), 1)
    (tmp_path / "bomb").write_bytes(bomb)
    with pytest.raises(DataError, match="at most 1000000 bytes of content"):
        read_idx(tmp_path / "bomb", limit=1_000_000)
    big = tmp_path / "sparse"
    with open(big, "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match="at most 268435456 bytes, got 1099511627776"):
        read_idx(big)


def test_things_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    os.symlink("loop", tmp_path / "loop")
    for name in ("fifo", "loop", ".", "absent", "nul\0"):
        with pytest.raises(DataError):
            read_idx(tmp_path / name)


def test_checksum_is_of_the_content(tmp_path):
    digest = hashlib.sha256(GOOD).hexdigest()
    for pack in (bytes, gzip.compress):
        (tmp_path / "x").write_bytes(pack(GOOD))
        read_idx(tmp_path / "x", sha256=digest)
        with pytest.raises(DataError, match=f"SHA-256 {'0' * 64}, got {digest}"):
            read_idx(tmp_path / "x", sha256="0" * 64)


@pytest.mark.parametrize(
    ("images", "labels", "text"),
    [
        (np.zeros((3, 2, 2), np.uint8), np.zeros(2, np.uint8), "expected 3 labels, one an image, got 2"),
        (np.zeros((3, 2), np.uint8), np.zeros(3, np.uint8), "expected uint8 images of 3 dimensions"),
        (np.zeros((3, 2, 2), np.uint8), np.zeros((3, 1), np.uint8), "expected uint8 labels of 1 dimension"),
        (np.zeros((3, 2, 2), np.uint8), np.array([1, 10, 2], np.uint8), "expected labels below 10, got 10"),
    ],
)
def test_pairs_must_fit(tmp_path, images, labels, text):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    with pytest.raises(DataError, match=text):
        Idx((), {}).read(tmp_path, "train", verify=False)
