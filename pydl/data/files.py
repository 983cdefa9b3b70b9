"""Bounded reading: no more bytes are read or inflated than the caller allows."""

from __future__ import annotations

import io
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 20
PathLike = str | os.PathLike[str]


def describe(head: bytes | bytearray) -> str:
    """What the first bytes of a file look like, for error messages."""
    if not head:
        return "an empty file"
    start = bytes(head[:64]).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "an HTML or XML page"
    return f"bytes {bytes(head[:4]).hex(' ')}"


def open_file(path: PathLike, limit: int) -> io.FileIO:
    """A regular file of at most `limit` bytes, open for reading; DataError otherwise."""
    try:
        # Non-blocking, so that opening a FIFO without a writer is an error and not a hang.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise DataError(path, "a readable file", getattr(error, "strerror", None) or str(error)) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise DataError(path, "a regular file", "a directory, pipe or device")
    if status.st_size > limit:
        os.close(descriptor)
        raise DataError(path, f"at most {limit} bytes", f"{status.st_size} bytes")
    return io.FileIO(descriptor, "rb")


def read_file(path: PathLike, limit: int) -> bytearray:
    """The bytes of a regular file of at most `limit` bytes, as a writable buffer."""
    with open_file(path, limit) as file:
        data = bytearray(os.fstat(file.fileno()).st_size)
        view, done = memoryview(data), 0
        while done < len(data):
            try:
                step = file.readinto(view[done:])
            except OSError as error:
                raise DataError(path, "a readable file", error.strerror or str(error)) from error
            if not step:
                raise DataError(path, f"{len(data)} bytes", f"{done}: the file shrank while it was read")
            done += step
    return data


def read_chunks(path: PathLike, limit: int) -> Iterator[bytes]:
    """The bytes of a regular file of at most `limit` bytes, in pieces of at most 1 MiB."""
    with open_file(path, limit) as file:
        try:
            while piece := file.read(CHUNK):
                yield piece
        except OSError as error:
            raise DataError(path, "a readable file", error.strerror or str(error)) from error


def inflate(chunks: Iterable[bytes | bytearray], path: PathLike) -> Iterator[bytes]:
    """Pieces of at most 1 MiB of the one gzip member in `chunks`; CRC and length are checked at the end."""
    engine, extra, first = zlib.decompressobj(wbits=31), 0, True
    for chunk in chunks:
        if first and bytes(chunk[:2]) != b"\x1f\x8b":
            raise DataError(path, "gzip data (1f 8b)", describe(chunk))
        first = False
        extra += len(chunk) if engine.eof else 0
        pending: bytes | bytearray = chunk
        while pending and not engine.eof:
            yield decompress(engine, pending, path)
            pending = engine.unconsumed_tail
    while not engine.eof:
        piece = decompress(engine, b"", path)
        if not piece:
            raise DataError(path, "a complete gzip member", "an empty file" if first else "data cut short")
        yield piece
    extra += len(engine.unused_data)
    if extra:
        raise DataError(path, "one gzip member", f"{extra} more bytes after it")


def decompress(engine: Any, data: bytes | bytearray, path: PathLike) -> bytes:
    """The next piece of at most 1 MiB out of a zlib decompressor; DataError if the data is damaged."""
    try:
        return engine.decompress(data, CHUNK)
    except zlib.error as error:
        raise DataError(path, "intact compressed data", f"damaged data ({error})") from error


def gunzip(data: bytes | bytearray, path: PathLike, limit: int) -> bytearray:
    """The content of the one gzip member in `data`; DataError if damaged or longer than `limit` bytes."""
    content = bytearray()
    for piece in inflate([data], path):
        content += piece
        if len(content) > limit:
            raise DataError(path, f"at most {limit} bytes of content", "more")
    return content


def check_sha256(content: bytes | bytearray | memoryview, expected: str, path: PathLike) -> None:
    """DataError unless the SHA-256 of `content` is `expected` (hexadecimal)."""
    import hashlib

    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        raise DataError(path, f"content with SHA-256 {expected}", got)


def is_file(path: Path) -> bool:
    """Whether something is at `path` that may be read as a file; never raises."""
    try:
        return path.exists() and not path.is_dir()
    except OSError:
        return False
