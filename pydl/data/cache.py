"""Where data files are looked for, and in what order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

SYSTEM = (Path("/usr/share/datasets"), Path("/usr/local/share/datasets"))


def cache_folder() -> Path:
    """The user's cache: $XDG_CACHE_HOME/pydl, or ~/.cache/pydl."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    return (Path(base) if os.path.isabs(base) else Path(os.path.expanduser("~"), ".cache")) / "pydl"


def shared_folders() -> Iterator[Path]:
    """The folders that hold one subfolder a data set: $PYDL_DATA, the user's cache, the system's."""
    named = os.environ.get("PYDL_DATA")
    if named:
        yield Path(named).expanduser()
    yield cache_folder()
    yield from SYSTEM


def places(
    root: str | os.PathLike[str] | None, names: Sequence[str], inside: Sequence[str], shared: bool = True
) -> list[Path]:
    """Folders to look in, in order: `root`, its `inside` and `names`, then `names` of the shared folders."""
    found = []
    if root is not None:
        base = Path(root).expanduser()
        found += [base, *(base / name for name in (*inside, *names))]
    if shared:
        found += [base / name for base in shared_folders() for name in names]
    return list(dict.fromkeys(found))


def download_folder(root: str | os.PathLike[str] | None, name: str) -> Path:
    """Where a download of data set `name` goes: under `root`, else $PYDL_DATA, else the user's cache."""
    base = root if root is not None else os.environ.get("PYDL_DATA") or cache_folder()
    return Path(base).expanduser() / name
