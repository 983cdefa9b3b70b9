"""Where a picture is drawn: the axes that are given, or those of a new figure."""

from __future__ import annotations

from typing import Any

from ..train.callbacks.extras import make_figure, require


def axes_for(axes: Any, purpose: str) -> Any:
    """`axes`, or new ones in a figure of their own; MissingExtraError where matplotlib is not installed."""
    require("matplotlib", purpose)
    return make_figure(figsize=(6, 5), layout="constrained").add_subplot() if axes is None else axes
