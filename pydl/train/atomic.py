"""Files written whole or not at all: temporary file, write, fsync, rename, fsync of the folder."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

PREFIX, SUFFIX = ".pydl-", ".tmp"


def write_file(path: str | bytes | os.PathLike[Any], pieces: Iterable[bytes | memoryview]) -> None:
    """Make `pieces` the content of the file `path`; after a failure at any point the old content is there.

    A symbolic link is followed. OSError as the system gives it, with the name `path`; the temporary file is removed.
    """
    name = os.fsdecode(path)
    try:
        _write_file(os.path.realpath(name), pieces)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), name) from error


def _write_file(target: str, pieces: Iterable[bytes | memoryview]) -> None:
    _check_target(target)
    folder = os.path.dirname(target)
    remove_stale(folder)
    descriptor, temporary = _create(folder)
    try:
        try:
            for piece in pieces:
                _write_all(descriptor, piece)
            os.fsync(descriptor)
            os.replace(temporary, target)
        finally:
            os.close(descriptor)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def remove_stale(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files of processes that died while they wrote: those that nobody holds locked."""
    with suppress(OSError), os.scandir(folder) as entries:
        names = [e.name for e in entries if e.name.startswith(PREFIX) and e.name.endswith(SUFFIX)]
        for name in names:
            _remove_unlocked(os.path.join(folder, name))


def _check_target(target: str) -> None:
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, f"{kind_of(mode)} is in its place")


def kind_of(mode: int) -> str:
    """What a thing in the file system is, in words."""
    kinds = {
        stat.S_IFREG: "a file",
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a character device",
        stat.S_IFBLK: "a block device",
    }
    return kinds.get(stat.S_IFMT(mode), "something that is not a file")


def _create(folder: str) -> tuple[int, str]:
    while True:
        temporary = os.path.join(folder, f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return descriptor, temporary
        except BaseException:
            _discard(descriptor, temporary)
            raise
        os.close(descriptor)  # taken for stale between open and lock


def _discard(descriptor: int, temporary: str) -> None:
    os.close(descriptor)
    with suppress(OSError):
        os.unlink(temporary)


def _remove_unlocked(path: str) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, piece: bytes | memoryview) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
