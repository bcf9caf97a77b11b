"""A surface of the window that a panel draws on, in pixels of its own, from its upper left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.scene_brush import CLEAR, Brush, Colour, Item
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.look import text as font
from demon_patch.editor.look.skin import Pixels
from demon_patch.editor.look.theme import Theme


@dataclass
class Paper:
    """What all sheets share.

    brush: the theme and the fonts. parent: the window. scale: pixels of the display for one of ours; all lengths and
    places of sheets are in ours.
    """

    brush: Brush
    parent: Item
    scale: float = 1.0


class Sheet:
    """Draws. A panel clears it and draws anew when what it shows has changed.

    x, y, w, h: its place in the window, in pixels.
    """

    def __init__(self, paper: Paper, rect: Rect) -> None:
        self._paper = paper
        self._pictures: list[Item] = []
        self._group = dpg.add_group(parent=paper.parent, pos=(0, 0))  # a drawlist alone keeps no place
        self.item = dpg.add_drawlist(1, 1, parent=self._group)
        self.place(rect)

    @property
    def theme(self) -> Theme:
        """The colours."""
        return self._paper.brush.theme

    def place(self, rect: Rect) -> None:
        """Moves it within the window."""
        k = self._paper.scale
        self.x, self.y = rect[0], rect[1]
        self.w, self.h = rect[2] - rect[0], rect[3] - rect[1]
        dpg.configure_item(self._group, pos=(int(self.x * k), int(self.y * k)))
        dpg.configure_item(self.item, width=max(int(self.w * k), 1), height=max(int(self.h * k), 1))

    def show(self, on: bool) -> None:
        """Shows or hides it."""
        dpg.configure_item(self._group, show=on)

    def to_front(self) -> None:
        """Lays it over all other sheets."""
        dpg.move_item(self._group, parent=self._paper.parent)

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel of the window lies on it."""
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h

    def clear(self) -> None:
        """Takes away what is drawn."""
        dpg.delete_item(self.item, children_only=True)
        for texture in self._pictures:
            self._paper.brush.forget(texture)
        self._pictures.clear()

    # -- shapes --------------------------------------------------------------------------------------------------
    def box(
        self, rect: Rect, fill: Colour = CLEAR, edge: Colour = CLEAR, rounding: float = 0.0, line: float = 1.0
    ) -> None:
        """Draws a rectangle."""
        k = self._paper.scale
        left, top, right, bottom = rect
        dpg.draw_rectangle(
            (left * k, top * k), (right * k, bottom * k), fill=fill, color=edge, rounding=rounding * k,
            thickness=line * k, parent=self.item,
        )  # fmt: skip

    def line(self, a: Point, b: Point, colour: Colour, thickness: float = 1.0) -> None:
        """Draws a line."""
        k = self._paper.scale
        dpg.draw_line(
            (a[0] * k, a[1] * k), (b[0] * k, b[1] * k), color=colour, thickness=thickness * k, parent=self.item
        )

    def path(self, points: Sequence[Point], colour: Colour, thickness: float = 1.5) -> None:
        """Draws a line through points."""
        if len(points) > 1:
            k = self._paper.scale
            scaled = [[x * k, y * k] for x, y in points]
            dpg.draw_polyline(scaled, color=colour, thickness=thickness * k, parent=self.item)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """Draws a filled triangle or quad."""
        k = self._paper.scale
        made = dpg.draw_triangle if len(points) == 3 else dpg.draw_quad
        made(*((x * k, y * k) for x, y in points), fill=fill, color=CLEAR, parent=self.item)

    def dot(self, at: Point, radius: float, fill: Colour = CLEAR, edge: Colour = CLEAR, line: float = 1.0) -> None:
        """Draws a disc."""
        k = self._paper.scale
        dpg.draw_circle((at[0] * k, at[1] * k), radius * k, fill=fill, color=edge, thickness=line * k, parent=self.item)

    def picture(self, rect: Rect, pixels: Pixels) -> None:
        """Draws a picture [height, width, 4], each 0 to 1, into a rectangle."""
        k = self._paper.scale
        self._pictures.append(texture := self._paper.brush.once(pixels))
        left, top, right, bottom = rect
        dpg.draw_image(texture, (left * k, top * k), (right * k, bottom * k), parent=self.item)

    # -- texts ---------------------------------------------------------------------------------------------------
    def text(
        self,
        x: float,
        middle: float,
        said: str,
        size: float,
        colour: Colour,
        bold: bool = False,
        wide: float = 0.0,
        align: float = 0.0,
    ) -> float:
        """Draws a line of text with its middle at a height; cut where it is wider than `wide`. align: 0 begins at x,
        0.5 has its middle there, 1 ends there. Returns its width."""
        k = self._paper.scale
        said = font.fitted(said, size, wide, bold) if wide else said
        width = font.width(said, size, bold)
        at = (round((x - align * width) * k), round((middle - size / 2) * k))
        self._paper.brush.text(at, said, size * k, colour, self.item, bold)
        return width
