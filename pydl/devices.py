"""Where tensors live, as PyTorch names it: a string with a type and an index."""

from __future__ import annotations

from typing import Any


class device(str):
    """ "cpu", "cuda" or "cuda:<index>": `device("cuda:1")`, `device("cuda", 1)` or `device(1)`."""

    def __new__(cls, type: Any, index: int | None = None) -> device:
        if isinstance(type, int) and not isinstance(type, bool) and index is None:
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(f"[device] expected a name or an index, got {type!r}")
        text = type if index is None else f"{type}:{index}"
        kind, colon, number = text.partition(":")
        if kind not in ("cpu", "cuda") or (colon and not number.isdecimal()) or (kind == "cpu" and number.strip("0")):
            raise ValueError(f'[device] expected "cpu", "cuda" or "cuda:<index>", got {text!r}')
        return super().__new__(cls, "cpu" if kind == "cpu" else text)

    @property
    def type(self) -> str:
        """ "cpu" or "cuda"."""
        return self.partition(":")[0]

    @property
    def index(self) -> int | None:  # type: ignore[override]
        """Which GPU; None where it is not said."""
        number = self.partition(":")[2]
        return int(number) if number else None


CPU = device("cpu")
