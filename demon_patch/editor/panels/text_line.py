"""Draws a line of text, or several, that is being typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demon_patch.editor.layout.box import Rect
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import fade
from demon_patch.editor.panels.line_editor import LineEditor
from demon_patch.editor.panels.sheet import Sheet

SIZE, FIELD_LINE = 15.5, 20.0


def draw_line(
    s: Sheet, line: LineEditor, rect: Rect, hint: str, caret: bool, edge: Any = None, marks: Sequence[Any] = ()
) -> None:
    """Draws a text with its caret and selection into a rectangle of a sheet.

    hint: shown while it is empty. caret: whether the caret is shown now. edge: the colour of the rim. marks: characters
    (from, to) that are underlined.
    """
    t, size = s.theme, SIZE
    left, top, right, bottom = rect
    s.box(rect, fill=t.field, edge=edge or fade(t.text, 0.12), rounding=6)
    if not line.text and hint:
        s.text(left + 10, (top + bottom) / 2, hint, 14.5, t.faint, wide=right - left - 20)
    rows = line.text.split("\n")
    if line.lines:
        rows_shown, first_y, start = rows, top + 15, 0
    else:
        rows_shown, first_y, start = rows[:1], (top + bottom) / 2, 0
    room = right - left - 20
    lo, hi = line.span
    for number, row in enumerate(rows_shown):
        y = first_y + FIELD_LINE * number
        if y > bottom - 4:
            break
        at = min(max(line.caret - start, 0), len(row))
        skip = 0  # characters that are scrolled away to the left
        while font.width(row[skip:at], size) > room and skip < at:
            skip += 1
        a, b = max(lo - start, skip), min(hi - start, len(row))
        if hi > lo and b > a:
            x0, x1 = font.width(row[skip:a], size), font.width(row[skip:b], size)
            s.box((left + 10 + x0, y - 10, min(left + 10 + x1, right - 6), y + 10), fill=fade(t.accent, 0.35))
        s.text(left + 10, y, row[skip:], size, t.text, wide=room + 4)
        for a, b in ((max(a - start, skip), min(b - start, len(row))) for a, b in marks):
            if b > a:
                x0, x1 = (left + 10 + font.width(row[skip:end], size) for end in (a, b))
                s.line((x0, y + 10), (min(x1, right - 6), y + 10), t.fault, 1.6)
        if caret and start <= line.caret <= start + len(row):
            x = left + 10 + font.width(row[skip:at], size)
            s.line((x, y - 9), (x, y + 9), t.accent, 1.4)
        start += len(row) + 1
