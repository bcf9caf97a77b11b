"""What gestures draw over the canvas: the cable in the hand, rings on pins, selection, knife and guides."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.scene_brush import CLEAR, Brush, Item
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.cable_curve import curve
from demon_patch.editor.look.theme import PORT, fade, mix

_AT = (0.0, 0.0)


class HandItems:
    """The items of the gesture that is under way. Those that are not needed are hidden."""

    def __init__(self, brush: Brush, parent: Item) -> None:
        self.brush, self.parent = brush, parent
        t = brush.theme
        self.fits: list[tuple[Item, Item]] = []
        self.ends: list[tuple[Item, Item]] = []
        self.guides: list[Item] = []
        self.cable = [
            dpg.draw_bezier_cubic(_AT, _AT, _AT, _AT, thickness=w, show=False, parent=parent) for w in (6.5, 13, 7, 2.6)
        ]
        self.plug = dpg.draw_circle(_AT, 5, color=t.ground, thickness=1.5, show=False, parent=parent)
        self.landing = [
            dpg.draw_image(brush.glow, _AT, _AT, color=fade(t.accent, 0.9), show=False, parent=parent),
            dpg.draw_circle(_AT, PORT + 4.5, color=t.accent, thickness=2.2, show=False, parent=parent),
        ]
        self.band = dpg.draw_rectangle(
            _AT, _AT, color=fade(t.accent, 0.85), fill=fade(t.accent, 0.10), rounding=3, show=False, parent=parent
        )
        self.blade = [
            dpg.draw_polyline([[0, 0], [0, 0]], color=fade(t.cut, a), show=False, parent=parent) for a in (0.25, 1.0)
        ]

    def hold_cable(self, start: Point | None, end: Point, type: str) -> None:
        """Draws the cable in the hand; None for none."""
        if start is None:
            for item in (*self.cable, self.plug):
                dpg.configure_item(item, show=False)
            return
        t = self.brush.theme
        colour = t.port(type)
        p = curve(start, end)
        low = [(x, y + 3) for x, y in p]
        colours = ((0, 0, 0, round(170 * t.shadow)), fade(colour, 0.12), fade(colour, 0.28), colour)
        for place, (item, tint) in enumerate(zip(self.cable, colours, strict=True)):
            q = low if place == 0 else p
            dpg.configure_item(item, p1=q[0], p2=q[1], p3=q[2], p4=q[3], color=tint, show=True)
        dpg.configure_item(self.plug, center=end, fill=mix(colour, t.text, 0.3), show=True)

    def mark(self, at: Point | None) -> None:
        """Marks the pin on which the cable would land."""
        for item in self.landing:
            dpg.configure_item(item, show=at is not None)
        if at is not None:
            x, y = at
            dpg.configure_item(self.landing[0], pmin=(x - 24, y - 24), pmax=(x + 24, y + 24))
            dpg.configure_item(self.landing[1], center=at)

    def offer(self, pins: Sequence[tuple[Point, str]]) -> None:
        """Rings pins, as place and type."""
        _ring(self.brush, self.parent, self.fits, pins, PORT + 3.6, 14)

    def light(self, pins: Sequence[tuple[Point, str]]) -> None:
        """Lights the pin under the pointer, or the ends of the cable under it."""
        _ring(self.brush, self.parent, self.ends, pins, PORT + 2.6, 17)

    def show_band(self, rect: Rect | None, zoom: float) -> None:
        """Draws the rectangle of a selection."""
        if rect is None:
            dpg.configure_item(self.band, show=False)
            return
        a = min(rect[0], rect[2]), min(rect[1], rect[3])
        b = max(rect[0], rect[2]), max(rect[1], rect[3])
        dpg.configure_item(self.band, pmin=a, pmax=b, thickness=1.2 / zoom, show=True)

    def show_knife(self, line: Sequence[Point] | None, zoom: float) -> None:
        """Draws the knife's line."""
        for item, wide in zip(self.blade, (6.0, 1.6), strict=True):
            if line is None or len(line) < 2:
                dpg.configure_item(item, show=False)
            else:
                dpg.configure_item(item, points=[list(p) for p in line], thickness=wide / zoom, show=True)

    def show_guides(self, lines: Sequence[tuple[Point, Point]], zoom: float) -> None:
        """Draws the lines to which a moved node snaps."""
        while len(self.guides) < len(lines):
            self.guides.append(dpg.draw_line(_AT, _AT, color=fade(self.brush.theme.snap, 0.8), parent=self.parent))
        for place, item in enumerate(self.guides):
            on = place < len(lines)
            dpg.configure_item(
                item, show=on, **({"p1": lines[place][0], "p2": lines[place][1], "thickness": 1.2 / zoom} if on else {})
            )


def _ring(
    brush: Brush,
    parent: Item,
    pool: list[tuple[Item, Item]],
    pins: Collection[tuple[Point, str]],
    radius: float,
    shine: float,
) -> None:
    """Rings pins, with as many items of a pool as they need."""
    while len(pool) < len(pins):
        light = dpg.draw_image(brush.glow, _AT, _AT, parent=parent)
        pool.append((light, dpg.draw_circle(_AT, radius, fill=CLEAR, thickness=1.8, parent=parent)))
    given = list(pins)
    for place, (light, ring) in enumerate(pool):
        if place >= len(given):
            dpg.configure_item(light, show=False)
            dpg.configure_item(ring, show=False)
            continue
        (x, y), type = given[place]
        colour = brush.theme.port(type)
        dpg.configure_item(
            light, pmin=(x - shine, y - shine), pmax=(x + shine, y + shine), color=fade(colour, 0.75), show=True
        )
        dpg.configure_item(ring, center=(x, y), color=mix(colour, brush.theme.text, 0.25), show=True)
