"""Drawing the computational graph: DOT text for Graphviz, or an SVG picture made here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape
from itertools import pairwise
from pathlib import Path

from ..tensor import Tensor
from .layout import Layout
from .trace import Arrow, Box, Trace, boxes_and_arrows, describe

_ROW, _CHARACTER = 16, 7.3  # height of a line and width of a character, in pixels
_INK = {"value": "#1a6b2f", "gradient": "#b3261e"}


def graph_dot(output: Tensor, trace: Trace | None = None, names: Mapping[str, Tensor] | None = None) -> str:
    """The graph behind `output` in Graphviz's DOT language.

    A box is a value: its name (from `names`) and the operation that made it, the value, and the gradient of `output`
    (of its sum) by it. An arrow goes from an input to a result; the local derivative stands on it where both are
    numbers, so that a gradient is the sum over the arrows going out of derivative times gradient. Operations done
    within a `Trace` show all values. The graph stays as it is, for a backward after it; RuntimeError after one.
    """
    boxes, arrows = boxes_and_arrows(output, trace, names)
    keys = {key: f"n{i}" for i, key in enumerate(boxes)}
    lines = ["digraph {", "  rankdir=LR;", '  node [shape=box, fontname="monospace"];']
    for key, box in boxes.items():
        text = "\n".join(line for _, line in _lines(box))
        lines.append(f'  {keys[key]} [label="{_quoted(text)}"];')
    for arrow in arrows:
        label = f' [label="{arrow.derivative:.4g}"]' if arrow.derivative is not None else ""
        lines.append(f"  {keys[arrow.source]} -> {keys[arrow.target]}{label};")
    return "\n".join([*lines, "}", ""])


def graph_svg(output: Tensor, trace: Trace | None = None, names: Mapping[str, Tensor] | None = None) -> str:
    """The graph behind `output` as an SVG picture, from left to right; what it shows is said at `graph_dot`."""
    boxes, arrows = boxes_and_arrows(output, trace, names)
    texts = {key: _lines(box) for key, box in boxes.items()}
    sizes = {
        key: (16 + _CHARACTER * max(len(t) for _, t in rows), 8.0 + _ROW * len(rows)) for key, rows in texts.items()
    }
    layout = Layout(sizes, [(arrow.source, arrow.target) for arrow in arrows])
    width, height = layout.size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="monospace" font-size="12">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
    ]
    parts += [_arrow(arrow, layout.routes[i]) for i, arrow in enumerate(arrows)]
    parts += [_box(texts[key], *layout.places[key], *sizes[key]) for key in boxes]
    return "\n".join([*parts, "</svg>", ""])


def draw_graph(
    output: Tensor,
    path: str | os.PathLike[str],
    trace: Trace | None = None,
    names: Mapping[str, Tensor] | None = None,
) -> None:
    """Write `graph_svg` or `graph_dot` to `path`, as its suffix says; ValueError for another suffix."""
    makers = {".svg": graph_svg, ".dot": graph_dot}
    file = Path(path)
    if file.suffix not in makers:
        raise ValueError(f"[draw_graph] expected path with the suffix .svg or .dot, got {str(path)!r}")
    file.write_text(makers[file.suffix](output, trace, names), encoding="utf-8")


def _lines(box: Box) -> list[tuple[str, str]]:
    """The lines of a box, each with its kind."""
    title = " = ".join(part for part in (box.name, box.operation) if part)
    rows = [("title", title)] if title else []
    if box.value is not None:
        rows.append(("value", f"value {describe(box.value)}" if title else describe(box.value)))
    if box.gradient is not None:
        rows.append(("gradient", f"gradient {describe(box.gradient)}"))
    return rows or [("title", "?")]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _box(rows: list[tuple[str, str]], x: float, y: float, width: float, height: float) -> str:
    parts = [f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="#f6f6f3" stroke="#444"/>']
    for i, (kind, text) in enumerate(rows):
        style = f'fill="{_INK[kind]}"' if kind in _INK else 'font-weight="bold"'
        at = f'x="{x + 8:.1f}" y="{y + _ROW * (i + 1):.1f}"'
        parts.append(f"<text {at} {style}>{escape(text)}</text>")
    return "".join(parts)


def _arrow(arrow: Arrow, points: list[tuple[float, float]]) -> str:
    """A smooth line through the points, with the derivative near its middle."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        path += f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    line = f'<path d="{path}" fill="none" stroke="#444" marker-end="url(#tip)"/>'
    if arrow.derivative is None:
        return line
    (x0, y0), (x1, y1) = points[0], points[1]
    at = f'x="{(x0 + x1) / 2:.1f}" y="{(y0 + y1) / 2 - 4:.1f}"'
    return f'{line}<text {at} text-anchor="middle" fill="#444">{arrow.derivative:.4g}</text>'
