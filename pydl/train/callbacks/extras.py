"""Packages that are not required, imported when they are used."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from ..errors import MissingExtraError


def require(package: str, purpose: str) -> None:
    """MissingExtraError, with the line to type, where `package` is not installed; it is not imported."""
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(f'{purpose} needs {package}; type:  pip install "pydl[train]"')


def make_figure(**options: Any) -> Any:
    """A matplotlib figure, without pyplot's state."""
    require("matplotlib", "drawing curves")
    return importlib.import_module("matplotlib.figure").Figure(**options)


def make_bar(**options: Any) -> Any:
    """A tqdm bar."""
    require("tqdm", "the progress bar")
    return importlib.import_module("tqdm").tqdm(**options)
