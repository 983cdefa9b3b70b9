"""CIFAR-10 in its two lossless forms: the official binary archive, and PNG strips with JSON labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .errors import DataError
from .files import PathLike, check_sha256, inflate, is_file, read_chunks, read_file
from .png import read_png

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
RECORD = 1 + 3 * 32 * 32
BATCH = 10_000
ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_LIMIT = 192 << 20
FOLDER = "cifar-10-batches-bin"
TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
TEST = ("test_batch",)
# SHA-256 of the official .bin files; the PNG form, put back into records, has the same.
SHA256 = {
    "data_batch_1": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}


def parse_records(data: bytes | bytearray, path: PathLike) -> np.ndarray:
    """Records (N, 3073) uint8, a label and then 3x32x32 pixels each, checked; without a copy."""
    if not data or len(data) % RECORD:
        raise DataError(path, f"whole records of {RECORD} bytes", f"{len(data)} bytes")
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    if records[:, 0].max() >= len(CLASSES):
        raise DataError(path, f"labels below {len(CLASSES)}", f"{records[:, 0].max()}")
    return records


def read_folder(folder: Path, split: str, verify: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """Images (N, 3, 32, 32) and labels of a split from whichever form `folder` holds; None if none."""
    names = TRAIN if split == "train" else TEST
    for place in (folder, folder / FOLDER):
        if all(is_file(place / f"{name}.bin") for name in names):
            return _join([_read_bin(place / f"{name}.bin", name, verify) for name in names])
    if is_file(folder / ARCHIVE):
        return _join(read_archive(folder / ARCHIVE, names, verify))
    labels = folder / ("train_lables.json" if split == "train" else "test_lables.json")
    if is_file(labels) and all(is_file(folder / f"{name}.png") for name in names):
        return _join(_read_strips(folder, names, labels, verify))
    return None


def _read_bin(path: Path, name: str, verify: bool) -> np.ndarray:
    data = read_file(path, BATCH * RECORD)
    if verify:
        check_sha256(data, SHA256[name], path)
    return parse_records(data, path)


def _join(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    count = sum(map(len, parts))
    images, labels = np.empty((count, 3, 32, 32), np.uint8), np.empty(count, np.int64)
    start = 0
    while parts:
        part = parts.pop(0)
        images[start : start + len(part)] = part[:, 1:].reshape(-1, 3, 32, 32)
        labels[start : start + len(part)] = part[:, 0]
        start += len(part)
    return images, labels


def read_archive(path: Path, names: tuple[str, ...], verify: bool) -> list[np.ndarray]:
    """The records of the named batches in the official .tar.gz, read as a stream, nothing unpacked."""
    import tarfile

    found: dict[str, np.ndarray] = {}
    stream = _Inflated(path, ARCHIVE_LIMIT)
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                stem = member.name.rpartition("/")[2].removesuffix(".bin")
                if member.isfile() and stem in names and stem not in found:
                    found[stem] = _read_member(archive, member, path, verify)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise DataError(path, "an intact tar archive", str(error)) from error
    stream.drain()
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(path, f"members {', '.join(names)}", f"none called {', '.join(missing)}")
    return [found[name] for name in names]


def _read_member(archive: object, member: object, path: Path, verify: bool) -> np.ndarray:
    name, size = member.name, member.size  # type: ignore[attr-defined]
    if size > BATCH * RECORD:
        raise DataError(path, f"member {name} of at most {BATCH * RECORD} bytes", f"{size}")
    data = archive.extractfile(member).read()  # type: ignore[attr-defined]
    if len(data) != size:
        raise DataError(path, f"member {name} of {size} bytes", f"{len(data)}")
    if verify:
        check_sha256(data, SHA256[name.rpartition("/")[2].removesuffix(".bin")], path)
    return parse_records(data, path)


class _Inflated:
    """A readable stream over a gzip file that stops with DataError beyond `limit` bytes."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path, self.left = path, limit
        self.pieces = inflate(read_chunks(path, limit), path)
        self.buffer = memoryview(b"")

    def read(self, size: int) -> bytes:
        out = bytearray()
        while len(out) < size:
            if not self.buffer and not self._refill():
                break
            step = self.buffer[: size - len(out)]
            self.buffer = self.buffer[len(step) :]
            out += step
        return bytes(out)

    def _refill(self) -> bool:
        self.buffer = memoryview(next(filter(None, self.pieces), b""))
        self.left -= len(self.buffer)
        if self.left < 0:
            raise DataError(self.path, f"at most {ARCHIVE_LIMIT} bytes of content", "more")
        return len(self.buffer) > 0

    def drain(self) -> None:
        """Read on to the end, so that the gzip checksum is checked."""
        while self._refill():
            pass


def _read_strips(folder: Path, names: tuple[str, ...], labels: Path, verify: bool) -> list[np.ndarray]:
    """PNG strips, one image of 1,024 RGB pixels a row, put back into the official records."""
    known, parts = _read_labels(labels, BATCH * len(names)), []
    for i, name in enumerate(names):
        path = folder / f"{name}.png"
        pixels = read_png(path, max_pixels=BATCH * 1024, max_side=max(BATCH, 1024))
        if pixels.shape != (BATCH, 1024, 3):
            raise DataError(path, f"{BATCH} rows of 1024 pixels", f"{pixels.shape[0]} of {pixels.shape[1]}")
        records = np.empty((BATCH, RECORD), np.uint8)
        records[:, 0] = known[i * BATCH : (i + 1) * BATCH]
        records[:, 1:].reshape(BATCH, 3, 1024)[...] = pixels.transpose(0, 2, 1)
        if verify:
            check_sha256(records.data, SHA256[name], path)
        parts.append(records)
    return parts


def _read_labels(path: Path, count: int) -> np.ndarray:
    try:
        values = json.loads(read_file(path, 1 << 20))
    except (ValueError, RecursionError) as error:
        raise DataError(path, "a JSON list of labels", f"{error}"[:200]) from error
    if not isinstance(values, list) or len(values) != count:
        got = f"a list of {len(values)}" if isinstance(values, list) else type(values).__name__
        raise DataError(path, f"a JSON list of {count} labels", got)
    for value in values:
        if type(value) is not int or not 0 <= value < len(CLASSES):
            raise DataError(path, f"labels 0 to {len(CLASSES) - 1}", f"{value!r}"[:80])
    return np.array(values, np.uint8)
