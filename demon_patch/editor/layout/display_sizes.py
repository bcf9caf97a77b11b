"""How much room each kind of live display takes in a node."""

from __future__ import annotations

from demon_patch.editor.look import text
from demon_patch.editor.look.theme import LABEL, MIDDLE, NARROW, WIDE

WORDED = frozenset({"text", "formula"})
"""Displays that show the node's text itself, which then has no row."""
LINES, LINE, INNER = 4, 18.0, 8.0
"""Of a text in a display: at most so many lines, the height of a line, and the margin left and right."""

MAP_EDGE = 9.0
"""The margin of a map, within which its places lie."""
_USUAL = 42.0
_HEIGHTS = {
    kind: float(height)
    for height, kinds in {
        26: "lamp gate",
        30: "phase",
        32: "number switch",
        34: "meter",
        38: "shares",
        42: "scope keys tape",
        46: "threshold lanes",
        50: "cycle steps envelope line curve wave bars",
        54: "dial",
        64: "surface",
        72: "transfer",
        74: "polygon",
        78: "ring",
        96: "pad",
        132: "map",
    }.items()
    for kind in kinds.split()
}
_WIDTHS = {"ring": WIDE, **dict.fromkeys(("wave", "steps", "text", "formula", "keys", "curve"), MIDDLE)}


def width(kind: str) -> float:
    """Returns the least width of a node with a display of that kind."""
    return _WIDTHS.get(kind, NARROW)


def height(kind: str, room: float, words: str = "") -> float:
    """Returns the height of a display. room: its width. words: the text that it shows."""
    if kind in WORDED:
        lines = text.wrapped(words, LABEL, room - 2 * INNER, LINES)
        return LINE * max(1, len(lines)) + 12.0
    return _HEIGHTS.get(kind, _USUAL)
