"""The one exception that data faults raise."""

from __future__ import annotations

from os import PathLike, fspath


class DataError(RuntimeError):
    """A data file is missing, damaged or not what it should be.

    The text names the file (or address), what was expected and what was found; the same three are the
    attributes ``path``, ``expected`` and ``got``.
    """

    def __init__(self, path: str | PathLike[str], expected: str, got: str) -> None:
        self.path, self.expected, self.got = fspath(path), expected, got
        super().__init__(f"{self.path}: expected {expected}, got {got}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.path, self.expected, self.got)
