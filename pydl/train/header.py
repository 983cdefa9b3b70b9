"""The header of a safetensors file, checked against the file's size before anything is made of it.

A file is 8 bytes of little-endian header length, the header (a JSON object: name -> dtype, shape, data_offsets, and
"__metadata__": strings), and the data. https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

MAX_HEADER = 2 << 20
MAX_DIMS = 32
ITEMSIZE = {"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2}
ITEMSIZE |= {"U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8}


class Flaw(Exception):
    """What is wrong with a file: what was expected, and what was found."""

    def __init__(self, expected: str, got: str) -> None:
        self.expected, self.got = expected, got
        super().__init__(f"expected {expected}, got {got}")


def check_length(first: bytes, size: int) -> int:
    """The header's length, from the first 8 bytes of a file of `size` bytes."""
    if size == 0:
        raise Flaw("a safetensors file", "an empty file")
    if size < 10 or len(first) < 8:
        raise Flaw("a safetensors file of at least 10 bytes", f"{size} bytes")
    length = int.from_bytes(first, "little")
    if length < 2:
        raise Flaw("a header of at least 2 bytes", f"a header length of {length}")
    most = min(size - 8, MAX_HEADER)
    if length > most:
        kind = _other_kind(first)
        if kind:
            raise Flaw("a safetensors file", kind)
        raise Flaw(f"a header of at most {most} bytes", f"a header length of {length}")
    return length


def _other_kind(first: bytes) -> str:
    """What a file is that begins with these 8 bytes and is no safetensors file; empty if that cannot be said."""
    if first[:4] == b"PK\x03\x04":
        return "a zip archive"
    if first[0] == 0x80 and 2 <= first[1] <= 5:
        return "a pickle, which pydl never loads"
    return "a text file" if all(32 <= byte < 127 or byte in b"\t\n\r" for byte in first) else ""


def check_header(text: bytes, data_size: int) -> dict[str, str]:
    """The metadata of a header whose arrays fill `data_size` bytes exactly, without gap or overlap."""
    if text[:1] != b"{":  # as the format demands: nothing else is worth parsing
        raise Flaw("a header that is a JSON object", f"one that begins with {text[:1]!r}")
    header = parse_json(text, "the header")
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or any(not isinstance(value, str) for value in metadata.values()):
        raise Flaw("metadata of strings", "none" if metadata is None else "something else")
    spans = sorted(_check_entry(name, entry) for name, entry in header.items())
    _check_spans(spans, data_size)
    return metadata


def parse_json(text: bytes | str, where: str) -> Any:
    """Strict JSON: no names twice, no NaN or Infinity, nothing nested beyond Python's limit."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise Flaw(f"{where} to be JSON of limited depth", "deeper nesting") from None
    except ValueError as error:
        raise Flaw(f"{where} to be strict JSON", str(error)[:200]) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {twice[:80]!r} twice")
    return result


def _refuse(text: str) -> Any:
    raise ValueError(f"the constant {text}")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:80]}, which no float holds")
    return value


def _check_entry(name: str, entry: Any) -> tuple[int, int, str]:
    what = f"array {name[:80]!r}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Flaw(f"dtype, shape and data_offsets of {what}", "something else")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEMSIZE:
        raise Flaw(f"a dtype of {', '.join(ITEMSIZE)} for {what}", f"{str(dtype)[:40]!r}")
    if not _naturals(shape) or len(shape) > MAX_DIMS:
        raise Flaw(f"a shape of at most {MAX_DIMS} sizes >= 0 for {what}", str(shape)[:80])
    if not _naturals(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise Flaw(f"two rising offsets for {what}", str(offsets)[:80])
    size = ITEMSIZE[dtype]
    for n in shape:
        size *= max(n, 1)
        if size >= 2**63:
            raise Flaw(f"a size below 2**63 bytes for {what}", f"shape {str(shape)[:80]}")
    if 0 in shape:
        size = 0
    if size != offsets[1] - offsets[0]:
        raise Flaw(f"{size} bytes for {what} of {dtype} and shape {shape}", f"offsets {offsets}")
    return offsets[0], offsets[1], name


def _naturals(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 2**63 for n in values)


def _check_spans(spans: Sequence[tuple[int, int, str]], data_size: int) -> None:
    end = 0
    for start, stop, name in spans:
        if start != end:
            fault = "an overlap" if start < end else "a gap"
            raise Flaw(f"array {name[:80]!r} at offset {end}", f"offset {start}: {fault}")
        end = stop
    if end != data_size:
        raise Flaw(f"{end} bytes of arrays", f"{data_size} bytes")
