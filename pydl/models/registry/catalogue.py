"""Every model that can be trained by name."""

from __future__ import annotations

from .entry import Entry, near


def names() -> list[str]:
    """The names that `get` knows."""
    return sorted(_entries())


def get(name: str) -> Entry:
    """The entry of `name`; ValueError naming the nearest names for an unknown one."""
    if not isinstance(name, str):
        raise TypeError(f"[models.get] expected name as a string, got {type(name).__name__}")
    entries = _entries()
    if name not in entries:
        raise ValueError(f"[models.get] expected a model such as {near(name, entries)}, got {name!r}")
    return entries[name]


def _entries() -> dict[str, Entry]:
    from .. import gan
    from . import convnets, linear_tasks, mlp

    entries = [mlp.ENTRY, *linear_tasks.ENTRIES, *convnets.ENTRIES]
    entries += gan.entries()
    return {entry.name: entry for entry in entries}
