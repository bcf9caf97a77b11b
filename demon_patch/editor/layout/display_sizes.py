"""How much room each kind of live display takes in a node."""

from __future__ import annotations

from demon_patch.editor.look import text
from demon_patch.editor.look.theme import LABEL, MIDDLE, NARROW, WIDE

WORDED = frozenset({"text", "formula"})
"""Displays that show the node's text itself, which then has no row."""
LINES, LINE, INNER = 4, 18.0, 8.0
"""Of a text in a display: at most so many lines, the height of a line, and the margin left and right."""

_USUAL = 42.0
_HEIGHTS = dict(
    scope=42, cycle=50, threshold=46, steps=48, envelope=50, line=50, curve=50, ring=78, wave=50, meter=34, pad=96,
    polygon=74, lamp=26, dial=52, number=32, keys=42, lanes=46, bars=50, phase=30, shares=38, surface=64, switch=32,
    transfer=72, tape=42, gate=26, euclid=74,
)  # fmt: skip
_WIDTHS = dict(ring=WIDE, wave=MIDDLE, steps=MIDDLE, text=MIDDLE, formula=MIDDLE, keys=MIDDLE, curve=MIDDLE)


def width(kind: str) -> float:
    """Returns the least width of a node with a display of that kind."""
    return _WIDTHS.get(kind, NARROW)


def height(kind: str, room: float, words: str = "") -> float:
    """Returns the height of a display. room: its width. words: the text that it shows."""
    if kind in WORDED:
        lines = text.wrapped(words, LABEL, room - 2 * INNER, LINES)
        return LINE * max(1, len(lines)) + 12.0
    return float(_HEIGHTS.get(kind, _USUAL))
