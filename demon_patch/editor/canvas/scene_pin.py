"""Pins: a colour and a shape for each type, filled where a cable is plugged in."""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.scene_brush import CLEAR, Brush, Colour, Item
from demon_patch.editor.layout.box import Pin
from demon_patch.editor.look.theme import COLLAR, PORT, SHAPES, fade, mix


@dataclass(slots=True)
class PinItems:
    """The items of a pin, each with the names of its colours and the colours: (item, fill, edge)."""

    pin: Pin
    items: list[tuple[Item, Colour, Colour]]

    def fade(self, alpha: float) -> None:
        """Draws it more faintly; 1 as usual."""
        for item, fill, edge in self.items:
            weak, line = (fade(c, alpha * max(0, c[3]) / 255) for c in (fill, edge))
            dpg.configure_item(item, fill=weak, color=line)


def draw_pin(brush: Brush, pin: Pin, parent: Item) -> PinItems:
    """Draws a pin."""
    t = brush.theme
    colour = t.port(pin.type)
    fill = colour if pin.wired else mix(t.well, colour, 0.10)
    collar = mix(t.edge, t.body, 0.2)
    x, y = pin.x, pin.y
    shape = SHAPES.get(pin.type, "circle")
    parts: list[tuple[Item, Colour, Colour]] = []

    def kept(item: Item, fill: Colour, edge: Colour = CLEAR) -> None:
        parts.append((item, fill, edge))

    if shape == "square":
        r, q = PORT + COLLAR - 0.4, PORT - 0.6
        kept(
            dpg.draw_rectangle((x - r, y - r), (x + r, y + r), fill=collar, color=CLEAR, rounding=3.2, parent=parent),
            collar,
        )
        kept(
            dpg.draw_rectangle(
                (x - q, y - q), (x + q, y + q), fill=fill, color=colour, rounding=1.8, thickness=1.6, parent=parent
            ),
            fill,
            colour,
        )
    elif shape == "diamond":
        r, q = PORT + COLLAR + 1.8, PORT + 0.8
        kept(
            dpg.draw_quad((x, y - r), (x + r, y), (x, y + r), (x - r, y), fill=collar, color=CLEAR, parent=parent),
            collar,
        )
        kept(
            dpg.draw_quad(
                (x, y - q), (x + q, y), (x, y + q), (x - q, y), fill=fill, color=colour, thickness=1.6, parent=parent
            ),
            fill,
            colour,
        )
        if pin.type == "surface":  # two diamonds, one in the other
            s = q - 3.0
            inner = collar if pin.wired else fade(colour, 0.0)
            kept(
                dpg.draw_quad((x, y - s), (x + s, y), (x, y + s), (x - s, y), fill=inner, color=CLEAR, parent=parent),
                inner,
            )
    else:
        r = PORT + (1.2 if shape == "ring" else 0.0)
        kept(dpg.draw_circle((x, y), r + COLLAR, fill=collar, color=CLEAR, parent=parent), collar)
        kept(dpg.draw_circle((x, y), r - 0.7, fill=fill, color=colour, thickness=1.6, parent=parent), fill, colour)
        if shape == "ring":
            hole = collar if pin.wired else fill
            kept(dpg.draw_circle((x, y), r - 2.8, fill=hole, color=CLEAR, parent=parent), hole)
            if pin.wired:
                kept(dpg.draw_circle((x, y), 1.5, fill=colour, color=CLEAR, parent=parent), colour)
    return PinItems(pin, parts)
