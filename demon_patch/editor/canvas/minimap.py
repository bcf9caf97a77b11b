"""The whole patch, small, with the part that the window shows. It is drawn anew only when boxes change."""

from __future__ import annotations

from collections.abc import Hashable

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene_brush import CLEAR, Item
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.space import Space, area
from demon_patch.editor.look.theme import Theme, fade

WIDTH, HEIGHT, INSET = 176.0, 112.0, 8.0
"""Its size and its inner margin, in pixels."""


class Minimap:
    """Draws the minimap into a drawlist of its own.

    parent: a group at the place where it lies. scale: of its size, for dense screens.
    """

    def __init__(self, parent: Item, theme: Theme, camera: Camera, space: Space, scale: float = 1.0) -> None:
        self.theme, self.camera, self.space, self.scale = theme, camera, space, scale
        self.width, self.height = WIDTH * scale, HEIGHT * scale
        self.drawlist = dpg.add_drawlist(round(self.width), round(self.height), parent=parent)
        self._map = dpg.add_draw_layer(parent=self.drawlist)
        ink, glass = fade(theme.text, 0.85), fade(theme.text, 0.05)
        self._view = dpg.draw_rectangle(
            (0, 0), (1, 1), color=ink, fill=glass, thickness=1.3 * scale, rounding=3, parent=self.drawlist
        )
        self._drawn: Hashable = None
        self._seen: Rect | None = None
        self._left = self._top = 0.0
        self._zoom = 1.0

    def restyle(self, theme: Theme) -> None:
        """Draws it in another theme."""
        self.theme, self._drawn, self._seen = theme, None, None
        dpg.configure_item(self._view, color=fade(theme.text, 0.85), fill=fade(theme.text, 0.05))
        self.refresh()

    def refresh(self) -> None:
        """Draws the boxes anew if they have changed, and follows the camera."""
        boxes, frames = self.space.boxes.values(), self.space.frames.values()
        drawn = (
            tuple((b.x, b.y, b.w, b.h, b.category, b.colour, b.muted, bool(b.problem)) for b in boxes),
            tuple((f.at, f.size, f.colour) for f in frames),
        )
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw()
            self._seen = None
        self.look()

    def look(self) -> None:
        """Shows which part the window shows."""
        rect = self.camera.rect
        if rect == self._seen:
            return
        self._seen = rect
        a, b = self._at(rect[0], rect[1]), self._at(rect[2], rect[3])
        left, top = max(1.0, a[0]), max(1.0, a[1])
        right, bottom = min(self.width - 1, b[0]), min(self.height - 1, b[1])
        on = right > left and bottom > top
        dpg.configure_item(self._view, pmin=(left, top), pmax=(right, bottom), show=on)

    def world(self, x: float, y: float) -> Point:
        """Returns the point of the canvas at a pixel of the minimap."""
        return self._left + (x - self.width / 2) / self._zoom, self._top + (y - self.height / 2) / self._zoom

    def _at(self, x: float, y: float) -> Point:
        return (x - self._left) * self._zoom + self.width / 2, (y - self._top) * self._zoom + self.height / 2

    def _draw(self) -> None:
        t, s = self.theme, self.scale
        dpg.delete_item(self._map, children_only=True)
        size = (self.width, self.height)
        dpg.draw_rectangle((0, 0), size, fill=fade(t.panel, 0.92), color=t.edge, rounding=7 * s, parent=self._map)
        left, top, right, bottom = self.space.rect or (0.0, 0.0, 1.0, 1.0)
        inset = INSET * s
        self._zoom = min(
            (self.width - 2 * inset) / max(right - left, 400), (self.height - 2 * inset) / max(bottom - top, 250)
        )
        self._left, self._top = (left + right) / 2, (top + bottom) / 2
        for frame in self.space.frames.values():
            a, b, c, d = area(frame)
            colour = t.frame(frame.colour)
            dpg.draw_rectangle(
                self._at(a, b), self._at(c, d), fill=fade(colour, 0.16), color=fade(colour, 0.4), rounding=2 * s,
                parent=self._map,
            )  # fmt: skip
        for box in self.space.boxes.values():
            a, b, c, d = box.rect
            colour = t.fault if box.problem else t.category(box.category, box.colour)
            p, q = self._at(a, b), self._at(c, d)
            q = max(q[0], p[0] + 2), max(q[1], p[1] + 2)
            fill = fade(colour, 0.3 if box.muted else 0.78)
            dpg.draw_rectangle(p, q, fill=fill, color=CLEAR, rounding=1.5 * s, parent=self._map)
