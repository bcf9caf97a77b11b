"""Frames, notes and pinned probes as draw items."""

from __future__ import annotations

from collections.abc import Mapping

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.displays import KINDS
from demon_patch.editor.canvas.displays.base import Picture
from demon_patch.editor.canvas.scene_brush import CLEAR, HOLLOW, Brush, Item
from demon_patch.editor.layout.box import Point
from demon_patch.editor.look import skin
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import CORNER, LABEL, ROUND, SHADOW, SHADOW_DOWN, SMALL, Colour, fade, mix
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe

_LINE = 19.0
_PROBE_HEAD = 20.0


def _corner(x: float, y: float, colour: Colour, parent: Item) -> None:
    """Draws the corner by which something is resized."""
    for reach in (4.0, 8.0, 12.0):
        if reach < CORNER:
            dpg.draw_line((x - reach - 2, y - 4), (x - 4, y - reach - 2), color=colour, thickness=1.4, parent=parent)


class Card:
    """What frames, notes and probes share: an outline that shows whether it is selected."""

    def __init__(self, parent: Item) -> None:
        self.root = dpg.add_draw_node(parent=parent)
        self.edge: Item | None = None
        self.selected = False

    def select(self, on: bool) -> None:
        """Marks it as selected, or not."""
        self.selected = on
        if self.edge is not None:
            dpg.configure_item(self.edge, show=on)

    def mark(self, x: float, y: float, w: float, h: float, colour: Colour, rounding: float) -> None:
        """Draws its outline for when it is selected."""
        self.edge = dpg.draw_rectangle(
            (x, y),
            (x + w, y + h),
            fill=HOLLOW,
            color=colour,
            rounding=rounding,
            thickness=2,
            show=False,
            parent=self.root,
        )

    def detail(self, level: int) -> None:
        """Sets how much is drawn, as of nodes."""

    def close(self) -> None:
        """Deletes it."""
        dpg.delete_item(self.root)


class FrameItems(Card):
    """A frame: a tinted rectangle behind the nodes, with its title."""

    def __init__(self, brush: Brush, frame: CanvasFrame, parent: Item) -> None:
        super().__init__(parent)
        t, (x, y), (w, h) = brush.theme, frame.at, frame.size
        colour = t.frame(frame.colour)
        fill, edge = fade(colour, t.frame_fill), fade(colour, t.frame_edge)
        dpg.draw_rectangle((x, y), (x + w, y + h), fill=fill, color=edge, rounding=14, thickness=1.2, parent=self.root)
        ink = fade(mix(colour, t.text, 0.25 if t.name == "dark" else 0.4), 0.95)
        title = font.fitted(frame.title, LABEL, max(20.0, w - 28), True)
        self.near = brush.text((x + 14, y + 8), title, LABEL, ink, self.root, True)
        size = min(44.0, w / max(font.width(frame.title, 1.0, True), 0.1))
        self.far = brush.text((x + 4, y - size - 3), frame.title, size, ink, self.root, True, show=False)
        _corner(x + w - 2, y + h - 2, fade(colour, 0.5), self.root)
        self.mark(x, y, w, h, t.accent, 14)

    def detail(self, level: int) -> None:
        """Shows its title large above it when it is seen from afar."""
        dpg.configure_item(self.near, show=level > 0)
        dpg.configure_item(self.far, show=level == 0)


class NoteItems(Card):
    """A note: a text on the ground, with a line at its left."""

    def __init__(self, brush: Brush, note: CanvasNote, parent: Item) -> None:
        super().__init__(parent)
        t, (x, y), (w, h) = brush.theme, note.at, note.size
        dpg.draw_rectangle((x, y), (x + w, y + h), fill=fade(t.body, 0.35), color=CLEAR, rounding=6, parent=self.root)
        dpg.draw_rectangle(
            (x, y), (x + 3, y + h), fill=fade(t.accent, 0.55), color=CLEAR, rounding=1.5, parent=self.root
        )
        room = max(1, int((h - 10) // _LINE))
        ink = mix(t.label, t.text, 0.25)
        for place, line in enumerate(font.wrapped(note.text, LABEL, max(20.0, w - 24), room)):
            brush.text((x + 13, y + 8 + _LINE * place), line, LABEL, ink, self.root)
        _corner(x + w - 1, y + h - 1, fade(t.label, 0.45), self.root)
        self.mark(x, y, w, h, t.accent, 6)


class ProbeItems(Card):
    """A pinned probe: the past of one output on a card, tied to its pin."""

    def __init__(self, brush: Brush, probe: Probe, title: str, type: str, pin: Point | None, parent: Item) -> None:
        super().__init__(parent)
        self.probe, t = probe, brush.theme
        (x, y), (w, h) = probe.at, probe.size
        colour = t.port(type)
        self.tie = dpg.draw_polyline([[x, y], [x, y]], color=fade(colour, 0.35), thickness=1.3, parent=self.root)
        shade = brush.texture(("shadow", 160.0, 80.0), skin.shadow, 160.0, 80.0, SHADOW, ROUND)
        s, down = SHADOW, SHADOW_DOWN
        dark = (0, 0, 0, round(200 * t.shadow))
        dpg.draw_image(shade, (x - s, y - s + down), (x + w + s, y + h + s + down), color=dark, parent=self.root)
        dpg.draw_rectangle(
            (x, y), (x + w, y + h), fill=t.panel, color=fade(colour, 0.5), rounding=7, thickness=1.2, parent=self.root
        )
        said = f"{title} · {probe.out.replace('_', ' ')}"
        brush.text((x + 9, y + 4), font.fitted(said, SMALL, w - 60), SMALL, mix(colour, t.text, 0.4), self.root)
        span = f"{probe.span:g} s"
        brush.text((x + w - 9 - font.width(span, SMALL), y + 4), span, SMALL, t.faint, self.root)
        rect = (x + 5, y + _PROBE_HEAD, w - 10, h - _PROBE_HEAD - 6)
        dpg.draw_rectangle(rect[:2], (x + w - 5, y + h - 6), fill=t.well, color=CLEAR, rounding=4, parent=self.root)
        self.picture: Picture = KINDS["probe"](brush, self.root, self.root, rect, colour)
        _corner(x + w - 2, y + h - 2, fade(t.label, 0.6), self.root)
        self.mark(x, y, w, h, t.accent, 7)
        self.follow(pin)

    def follow(self, pin: Point | None) -> None:
        """Ties it to the place of its pin."""
        if pin is None:
            dpg.configure_item(self.tie, show=False)
            return
        (x, y), (w, h) = self.probe.at, self.probe.size
        near = min(max(pin[0], x), x + w), min(max(pin[1], y), y + h)
        dpg.configure_item(self.tie, points=[list(pin), list(near)], show=True)

    def display(self, data: Mapping[str, object]) -> None:
        """Shows data."""
        self.picture.show(data)

    def close(self) -> None:
        """Deletes it."""
        self.picture.close()
        super().close()
