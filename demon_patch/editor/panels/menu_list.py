"""An open menu with its submenus: where its lines lie, and which one is lit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.look import text as font
from demon_patch.editor.panels.protocol import Item

LINE, RULE, PAD, SIZE = 26.0, 9.0, 6.0, 15.0
LEAST, MOST = 150.0, 360.0


@dataclass
class Column:
    """One list of lines. x, y, w, h: its place in the window. lit: the line under the pointer, -1 for none."""

    items: tuple[Item, ...]
    x: float
    y: float
    w: float
    h: float
    lit: int = -1

    @property
    def rect(self) -> Rect:
        """Its place in the window."""
        return self.x, self.y, self.x + self.w, self.y + self.h

    def top(self, line: int) -> float:
        """Returns the upper edge of a line, in pixels of the window."""
        return self.y + PAD + sum(height(item) for item in self.items[:line])

    def line_at(self, x: float, y: float) -> int:
        """Returns the line under a pixel; -1 for none, and for a rule."""
        if not (self.x <= x < self.x + self.w):
            return -1
        for place, item in enumerate(self.items):
            if item.title and self.top(place) <= y < self.top(place) + LINE:
                return place
        return -1


def height(item: Item) -> float:
    """Returns the height of a line; one without a title is a rule."""
    return LINE if item.title else RULE


def column(items: Sequence[Item], at: Point, size: Point, left_of: float | None = None) -> Column:
    """Returns a list of lines whose corner is at a point, moved so that it lies in the window. size: of the window.
    left_of: where it goes to the left of, if there is no room to the right."""
    wide = max(
        (font.width(i.title, SIZE) + 46 + (font.width(i.key, 13) + 24 if i.key else 0) for i in items), default=0
    )
    w = min(MOST, max(LEAST, wide))
    h = sum(map(height, items)) + 2 * PAD
    x, y = at
    if x + w > size[0] - 4:
        x = (left_of if left_of is not None else size[0] - 4) - w
    return Column(tuple(items), max(x, 4.0), min(y, max(size[1] - h - 4, 4.0)), w, h)


class MenuList:
    """A menu. `columns`: the menu and the submenus that are open."""

    def __init__(self, items: Sequence[Item], at: Point, size: Point) -> None:
        self._size = size
        self.columns = [column(items, at, size)]

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel lies on it."""
        return any(c.x <= x < c.x + c.w and c.y <= y < c.y + c.h for c in self.columns)

    def hover(self, x: float, y: float) -> None:
        """The pointer is at a pixel: lights a line, and opens its submenu."""
        for depth in range(len(self.columns) - 1, -1, -1):
            col = self.columns[depth]
            if col.x <= x < col.x + col.w and col.y <= y < col.y + col.h:
                line = col.line_at(x, y)
                if line != col.lit:
                    self._light(depth, line)
                return

    def _light(self, depth: int, line: int) -> None:
        col = self.columns[depth]
        col.lit = line
        del self.columns[depth + 1 :]
        if line >= 0 and (item := col.items[line]).items and item.enabled:
            self.columns.append(column(item.items, (col.x + col.w - 3, col.top(line) - PAD), self._size, col.x + 3))

    def key(self, name: str) -> Callable[[], object] | None:
        """Takes an arrow or Enter; returns what the chosen line does."""
        depth = max((d for d, c in enumerate(self.columns) if c.lit >= 0), default=0)
        col = self.columns[depth]
        if name in ("up", "down"):
            lines = [place for place, item in enumerate(col.items) if item.title and item.enabled]
            if lines:
                step = 1 if name == "down" else -1
                here = lines.index(col.lit) if col.lit in lines else (-1 if step > 0 else 0)
                self._light(depth, lines[(here + step) % len(lines)])
        elif name == "left" and depth > 0:
            self.columns[depth].lit = -1
            del self.columns[depth + 1 :]
        elif name == "right" and len(self.columns) > depth + 1:
            self.columns[depth + 1].lit = 0
        elif name == "enter" and col.lit >= 0:
            if len(self.columns) > depth + 1:
                self.columns[depth + 1].lit = 0
            else:
                return self._does(col.items[col.lit])
        return None

    def click(self, x: float, y: float) -> Callable[[], object] | None:
        """The pointer was pressed at a pixel; returns what the line does."""
        for col in reversed(self.columns):
            line = col.line_at(x, y)
            if line >= 0 and col.y <= y < col.y + col.h:
                return self._does(col.items[line])
        return None

    def _does(self, item: Item) -> Callable[[], object] | None:
        return item.do if item.enabled and not item.items else None
