"""Nested values as JSON beside flat arrays, and back.

None, booleans, integers, finite floats, strings and lists stand for themselves in the JSON. An object has one key,
which says what its value is: dict, items (a dict whose keys are not all strings), tuple, float (nan, inf, -inf),
tensor, array or scalar (the name of an array).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import to_device
from ..tensor import Tensor

MAX_DEPTH = 64
DTYPES = {"bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"}
DTYPES |= {"float16", "float32", "float64"}


class Flattener:
    """Turns values into JSON; the arrays it meets are in `arrays`, by unique names made from their paths."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}

    def encode(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        """`value` as JSON; TypeError for a type a checkpoint cannot hold, ValueError if nested too deep."""
        if len(path) > MAX_DEPTH:
            raise ValueError(f"[save] expected at most {MAX_DEPTH} levels, got more at {_name(path[:4])}…")
        if isinstance(value, Tensor):
            return {"tensor": self._add(to_device(value._data, "cpu"), path)}
        if isinstance(value, (np.ndarray, np.generic)):
            kind = "array" if isinstance(value, np.ndarray) else "scalar"
            return {kind: self._add(np.asarray(value), path)}
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(float(value))}
        return self._container(value, path)

    def _container(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, (list, tuple)):
            items = [self.encode(item, (*path, str(i))) for i, item in enumerate(value)]
            return items if isinstance(value, list) else {"tuple": items}
        if not isinstance(value, dict):
            raise TypeError(
                "[save] expected tensors, arrays, numbers, strings, booleans, None, and lists, tuples and dicts "
                f"of them, got {type(value).__name__} at {_name(path)}"
            )
        for key in value:
            if key is not None and type(key) not in (str, bool, int, float):
                raise TypeError(f"[save] expected strings or numbers as keys, got {key!r} at {_name(path)}")
        pairs = [[key, self.encode(item, (*path, str(key)))] for key, item in value.items()]
        if all(type(key) is str for key in value):
            return {"dict": dict(pairs)}
        return {"items": [[self.encode(key), item] for key, item in pairs]}

    def _add(self, array: np.ndarray, path: tuple[str, ...]) -> str:
        if array.dtype.name not in DTYPES:
            raise TypeError(
                f"[save] expected a dtype of {', '.join(sorted(DTYPES))}, got {array.dtype} at {_name(path)}"
            )
        stem = name = _name(path).encode("ascii", "backslashreplace").decode()
        number = 2
        while name in self.arrays or name == "__metadata__":
            name, number = f"{stem}~{number}", number + 1
        # Not ascontiguousarray, which turns a scalar into a vector.
        self.arrays[name] = np.asarray(array, array.dtype.newbyteorder("="), order="C")
        return name


def _name(path: tuple[str, ...]) -> str:
    return ".".join(path) or "value"


class Restorer:
    """Turns the JSON of `Flattener` and its arrays back into values; each array is used once."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = dict(arrays)

    def decode(self, node: Any, depth: int = 0) -> Any:
        """The value that `node` stands for; ValueError saying what is wrong with it."""
        if depth > 2 * MAX_DEPTH + 4:
            raise ValueError(f"more than {MAX_DEPTH} levels")
        if isinstance(node, list):
            return [self.decode(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) != 1:
            raise ValueError(f"an object of {len(node)} keys")
        ((kind, content),) = node.items()
        return self._tagged(kind, content, depth + 1)

    def _tagged(self, kind: str, content: Any, depth: int) -> Any:
        if kind in ("tensor", "array", "scalar") and isinstance(content, str):
            return self._take(kind, content)
        if kind == "dict" and isinstance(content, dict):
            return {key: self.decode(item, depth) for key, item in content.items()}
        if kind == "tuple" and isinstance(content, list):
            return tuple(self.decode(item, depth) for item in content)
        if kind == "items" and isinstance(content, list):
            return self._items(content, depth)
        if kind == "float" and content in ("nan", "inf", "-inf"):
            return float(content)
        raise ValueError(f"an object of kind {kind[:40]!r} with a value of type {type(content).__name__}")

    def _items(self, content: list[Any], depth: int) -> dict[Any, Any]:
        if any(not isinstance(pair, list) or len(pair) != 2 for pair in content):
            raise ValueError("items that are not pairs")
        pairs = [(self.decode(key, depth), self.decode(item, depth)) for key, item in content]
        if any(key is not None and type(key) not in (str, bool, int, float) for key, _ in pairs):
            raise ValueError("a key that is no string or number")
        return dict(pairs)

    def _take(self, kind: str, name: str) -> Any:
        if name not in self.arrays:
            raise ValueError(f"array {name[:80]!r} missing or used twice")
        array = self.arrays.pop(name)
        if kind == "scalar" and array.ndim:
            raise ValueError(f"scalar {name[:80]!r} of shape {array.shape}")
        if array.dtype == np.bool_ and array.view(np.uint8).max(initial=0) > 1:
            raise ValueError(f"array {name[:80]!r} with a boolean that is neither 0 nor 1")
        return array if kind == "array" else array[()] if kind == "scalar" else Tensor._wrap(array)
