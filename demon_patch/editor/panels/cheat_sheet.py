"""The list of keys, from the table of keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from demon_patch.editor.hands.keys import Keys
from demon_patch.editor.panels.sheet import Paper
from demon_patch.editor.panels.side_panel import Row, SidePanel

MOUSE = (
    ("wheel", "zoom at the pointer"), ("shift+wheel", "move sideways"), ("middle drag, space drag", "pan"),
    ("drag from a pin", "a cable; into space: the palette"), ("drag an occupied port", "take its cable off"),
    ("drag a knob", "turn it; shift: finer"), ("double click a knob", "type its value"),
    ("double click on ground", "the palette"), ("drag on ground", "select"), ("ctrl+right drag", "the knife"),
    ("drop on a cable", "insert; alt: not"), ("shake a node", "take it out of its cables"), ("right click", "menu"),
)  # fmt: skip


class CheatSheet(SidePanel):
    """All keys and what they do, by heading; and what the mouse does."""

    title, hint = "Keys", "? closes"

    def __init__(self, paper: Paper, keys: Keys) -> None:
        super().__init__(paper)
        self._sheet = keys.sheet()

    def rows(self) -> Sequence[Row]:
        """Returns the keys."""
        return list(rows(self._sheet))


def rows(sheet: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[Row]:
    """Yields the lines of a cheat sheet."""
    for heading, lines in sheet.items():
        yield Row(heading, heading=True)
        for keys, title in lines:
            yield Row(title, keys)
    yield Row("Mouse", heading=True)
    for keys, title in MOUSE:
        yield Row(title, keys)
