"""What stands for a node that is seen from afar: a block with a large title, and a bar for its value."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.scene_brush import CLEAR, Brush, Colour, Item
from demon_patch.editor.layout.box import Box
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import HEAD, fade, mix

INSET = 8.0
BAR_TOP, BAR_LOW = HEAD - 14, HEAD - 5
"""Where the bar lies."""
_LINE = 1.06  # the height of a line, in sizes of text


def draw_from_afar(brush: Brush, box: Box, colour: Colour, parent: Item) -> Item:
    """Draws the block and its title in the largest size that has room; returns the bar, which is hidden."""
    top, low = HEAD + 8, box.h - INSET
    if low - top < 30:
        top, low = 5.0, box.h - 5
    fill = fade(colour, 0.13)
    dpg.draw_rectangle((INSET, top), (box.w - INSET, low), fill=fill, color=CLEAR, rounding=5, parent=parent)
    size, lines = 0.0, [""]
    for count in (1, 2, 3):
        tried = _lines(box.title, count)
        wide = max(font.width(line, 1.0, True) for line in tried)
        room = min(50.0, (box.w - 30) / max(wide, 0.1), (low - top - 4) / (_LINE * len(tried)))
        if room > size * 1.12:
            size, lines = room, tried
    y = (top + low - size * _LINE * len(lines)) / 2
    for line in lines if size > 14 else ():
        x = (box.w - font.width(line, size, True)) / 2
        brush.text((x, y), line, size, mix(colour, brush.theme.text, 0.55), parent, True)
        y += size * _LINE
    return dpg.draw_rectangle(
        (INSET, BAR_TOP), (INSET, BAR_LOW), fill=colour, color=CLEAR, rounding=3, show=False, parent=parent
    )


def _lines(title: str, count: int) -> list[str]:
    """Returns a title in at most so many lines of words, as even as they go."""
    words = title.split() or [""]
    count = min(count, len(words))
    if count == 1:
        return [" ".join(words)]
    best: list[str] = []
    for cut in range(1, len(words) - count + 2):
        lines = [" ".join(words[:cut]), *_lines(" ".join(words[cut:]), count - 1)]
        if not best or max(map(len, lines)) < max(map(len, best)):
            best = lines
    return best
