"""`save` and `load`: nested values in one safetensors file, checksummed and written atomically.

The metadata holds one string, "pydl": a JSON object with the SHA-256 of the file (its own digits taken as zeros), the
version of the format and the structure of the value. Nothing in a file is ever executed or imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from typing import Any

from .atomic import kind_of, write_file
from .errors import CheckpointError
from .header import MAX_HEADER, Flaw, check_header, check_length, parse_json
from .structure import Flattener, Restorer

FORMAT = 1
KEY = "pydl"
_MARK = b'sha256\\":\\"'  # inside a JSON string: the quotes are escaped
_ZEROS = b"0" * 64


def save(obj: Any, path: str | bytes | os.PathLike[Any]) -> None:
    """Write `obj` to `path`: dicts, lists and tuples of tensors, arrays, numbers, strings, booleans and None.

    At every moment the file holds the old content or the new, whatever fails. Tensors are saved without their graph.
    TypeError or ValueError for what cannot be saved; CheckpointError where the file cannot be written.
    """
    pieces = _serialize(obj)
    try:
        write_file(path, pieces)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        got = getattr(error, "strerror", None) or str(error)
        raise CheckpointError(path, "to write a checkpoint", got) from error


def load(path: str | bytes | os.PathLike[Any]) -> Any:
    """What `save` wrote to `path`; tensors come back on the CPU. The file is read into memory, never mapped.

    CheckpointError naming the file and the first thing wrong if it is missing, truncated, changed in any bit or not a
    checkpoint; nothing in it is executed.
    """
    try:
        return _restore(*_read(path))
    except Flaw as flaw:
        raise CheckpointError(path, flaw.expected, flaw.got) from None
    except MemoryError:
        raise CheckpointError(path, "a file that fits into memory", "a larger one") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise CheckpointError(path, "a file to read", getattr(error, "strerror", None) or str(error)) from error


def _serialize(obj: Any) -> list[bytes | memoryview]:
    from safetensors.numpy import save as to_bytes

    flat = Flattener()
    structure = flat.encode(obj)
    # One metadata string, because the library writes several in no fixed order.
    content = {"sha256": "0" * 64, "format": FORMAT, "structure": structure}
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    data = memoryview(to_bytes(flat.arrays, metadata={KEY: text}))
    end = 8 + int.from_bytes(data[:8], "little")
    if end - 8 > MAX_HEADER:
        raise ValueError(f"[save] expected names and plain values of at most {MAX_HEADER} bytes, got {end - 8}")
    at = _digits(bytes(data[:end]))
    return [data[:at], _digest(data, at).encode(), data[at + 64 :]]


def _digits(header: bytes) -> int:
    """Where the checksum's digits begin."""
    at = header.find(_MARK)
    if at < 0:
        raise Flaw("a checkpoint of pydl", "a safetensors file without its checksum")
    return at + len(_MARK)


def _digest(data: memoryview, at: int) -> str:
    digest = hashlib.sha256(data[:at])
    digest.update(_ZEROS)
    digest.update(data[at + 64 :])
    return digest.hexdigest()


def _read(path: str | bytes | os.PathLike[Any]) -> tuple[bytes, bytes, dict[str, str]]:
    """The bytes of a file, its header and metadata; nothing beyond the header is read unless that fits the size."""
    # Without O_NONBLOCK opening a FIFO would wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Flaw("a file", kind_of(status.st_mode))
        first = file.read(8)
        header = file.read(check_length(first, status.st_size))
        metadata = check_header(header, status.st_size - 8 - len(header))
        _digits(header)
        file.seek(0)
        data = file.read(status.st_size)
    if len(data) != status.st_size:
        raise Flaw(f"{status.st_size} bytes", f"{len(data)} bytes: the file shrank")
    return data, data[8 : 8 + len(header)], metadata


def _restore(data: bytes, header: bytes, metadata: dict[str, str]) -> Any:
    from safetensors import SafetensorError
    from safetensors.numpy import load as to_arrays

    at = 8 + _digits(header)
    claimed, found = data[at : at + 64], _digest(memoryview(data), at)
    content = parse_json(metadata.get(KEY, ""), f"the metadata {KEY!r}")
    if claimed != found.encode() or not isinstance(content, dict) or content.get("sha256") != found:
        raise Flaw(f"SHA-256 {claimed.decode('ascii', 'replace')}", f"{found}: the file is damaged")
    # As text, because True == 1.0 == 1.
    if set(content) != {"sha256", "format", "structure"} or repr(content["format"]) != str(FORMAT):
        raise Flaw(f"a checkpoint of format {FORMAT}", f"format {str(content.get('format'))[:40]}")
    try:
        restorer = Restorer(to_arrays(data))
        value = restorer.decode(content["structure"])
    except SafetensorError as error:
        raise Flaw("a valid safetensors file", str(error)) from None
    except ValueError as error:
        raise Flaw("a valid structure", str(error)) from None
    if restorer.arrays:
        raise Flaw("a structure that names every array", f"{len(restorer.arrays)} that it does not name")
    return value
