"""A cable as draw items: shadow, halo, glow, core, what it carried lately, beads, and its depth."""

from __future__ import annotations

from collections.abc import Sequence

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.displays.base import bevelled
from demon_patch.editor.canvas.scene_brush import CLEAR, Brush, Colour, Item
from demon_patch.editor.layout.box import Rect, Wire
from demon_patch.editor.layout.cable_curve import Curve
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import CORE, CORE_RING, GLOW, HALO, SMALL, fade, mix

REACH = 7.0
"""How far a trace swings to each side of its cable."""
_HEAVY = {"ring": CORE_RING, "source": 2.6, "audio": 2.6, "prompt": 2.6}
_SWINGS = frozenset({"value", "curve", "audio"})
_ORIGIN = (0.0, 0.0)


class WireItems:
    """The items of one cable.

    moods: any of hover, selected, target, cut and dim; `paint` shows them.
    """

    def __init__(self, brush: Brush, wire: Wire, parent: Item, top: Item) -> None:
        self.brush, self.wire, self.theme = brush, wire, brush.theme
        self.moods: set[str] = set()
        self.colour: Colour = self.theme.port(wire.type)
        self.heavy = _HEAVY.get(wire.type, CORE)
        self.root = dpg.add_draw_node(parent=parent)
        self.shown, self.fine, self.stale = True, True, False

        def bezier(thickness: float) -> Item:
            return dpg.draw_bezier_cubic(_ORIGIN, _ORIGIN, _ORIGIN, _ORIGIN, thickness=thickness, parent=self.root)

        self.shadow = bezier(self.heavy + 3.5)
        self.halo = bezier(self.heavy + HALO - CORE)
        self.glow = bezier(self.heavy + GLOW - CORE)
        self.core = bezier(self.heavy)
        self.dashes: Item | None = dpg.add_draw_node(parent=self.root) if wire.muted else None
        swings = wire.type in _SWINGS and not wire.muted
        self.swing = (
            dpg.draw_polyline([[0, 0], [1, 1]], thickness=1.9, show=False, parent=self.root) if swings else None
        )
        self.dash_items: list[Item] = []
        self.pool: list[tuple[Item, Item]] = []
        self.lit = 0
        self.badge: Item | None = None
        self.odd = False
        self.chip: Item | None = None
        self.chip_items: tuple[Item, Item] | None = None
        if wire.depth is not None:
            self.chip = dpg.add_draw_node(parent=top)
        self.line: Array = np.zeros((2, 2))
        self.normal: Array = np.zeros((2, 2))
        self.turns: Array = np.zeros(2)
        self.last: Array | None = None
        self.drawn: Array | None = None
        self.curve: Curve = (_ORIGIN, _ORIGIN, _ORIGIN, _ORIGIN)
        self.paint()

    # -- place ---------------------------------------------------------------------------------------------------
    def bend(self, curve: Curve, chip: Rect | None) -> None:
        """Lays it along a curve, and its depth into a rectangle."""
        self.curve = curve
        p1, p2, p3, p4 = curve
        low = [(x, y + 2.5) for x, y in curve]
        dpg.configure_item(self.shadow, p1=low[0], p2=low[1], p3=low[2], p4=low[3])
        for item in (self.halo, self.glow, self.core):
            dpg.configure_item(item, p1=p1, p2=p2, p3=p3, p4=p4)
        m = np.array(curve)
        length = float(np.hypot(*np.diff(m, axis=0).T).sum())
        u = np.linspace(0, 1, int(min(72, max(24, length / 5))))
        v, self.turns = 1 - u, u
        self.line = np.stack([v**3, 3 * v * v * u, 3 * v * u * u, u**3], 1) @ m
        d = np.stack([-(v**2), v * v - 2 * v * u, 2 * v * u - u * u, u * u], 1) @ m
        long = np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-6)
        # it does not swing at its ends, nor where it turns so sharply that the swing would cross itself
        room = np.clip(np.minimum(u, v) * length / 26.0, 0, 1)
        swing = min(REACH, length / 12) * room / long
        self.normal = np.stack([-d[:, 1], d[:, 0]], 1) * swing[:, None]
        self.drawn = None
        if self.last is not None:
            self.trace(self.last)
        if self.dashes is not None:
            self._dash(length)
        self._mark()
        self.place_chip(chip)

    def place_chip(self, rect: Rect | None) -> None:
        """Puts the chip with its depth into a rectangle."""
        if self.chip is None or rect is None:
            return
        if self.chip_items is None:
            w, h = rect[2] - rect[0], rect[3] - rect[1]
            depth = self.wire.depth or 0.0
            said = f"{depth:+.2f}" if abs(depth) < 9.995 else f"{depth:+.1f}" if abs(depth) < 99.95 else f"{depth:+.0f}"
            said = said.replace("-", "−")
            plate = dpg.draw_rectangle((0, 0), (w, h), rounding=h / 2, thickness=1.1, parent=self.chip)
            x = (w - font.width(said, SMALL)) / 2
            self.chip_items = plate, self.brush.text((x, h / 2 - SMALL / 2), said, SMALL, self.theme.text, self.chip)
            self._paint_chip()
        dpg.apply_transform(self.chip, dpg.create_translation_matrix([rect[0], rect[1], 0]))

    def _dash(self, length: float) -> None:
        """Draws a muted cable as dashes."""
        assert self.dashes is not None
        dpg.delete_item(self.dashes, children_only=True)
        count = max(3, round(length / 13))
        at = np.linspace(0, len(self.line) - 1, 2 * count)
        xs, ys = (np.interp(at, np.arange(len(self.line)), self.line[:, i]) for i in range(2))
        self.dash_items = [
            dpg.draw_line(
                (xs[i], ys[i]), (xs[i + 1], ys[i + 1]), color=self.colour, thickness=self.heavy, parent=self.dashes
            )
            for i in range(0, 2 * count - 1, 2)
        ]  # fmt: skip
        self._paint_dashes()

    def _paint_dashes(self) -> None:
        colour = fade(mix(self.colour, self.theme.label, 0.35), 0.2 if "dim" in self.moods else 0.8)
        for dash in self.dash_items:
            dpg.configure_item(dash, color=colour)

    def remark(self, on: bool) -> None:
        """Marks it as one of which something odd is said, such as that it is too fast for what it moves."""
        if on != self.odd:
            self.odd = on
            self._mark()

    def _mark(self) -> None:
        """Draws what the middle of the cable says: that it is odd, solo, muted, or converted on its way."""
        if self.badge is not None:
            dpg.delete_item(self.badge)
            self.badge = None
        wire, t = self.wire, self.theme
        sign = "S" if wire.solo else "M" if wire.muted else "!" if self.odd else ""
        if not sign and not wire.adapter:
            return
        x, y = self.line[len(self.line) // 2]
        self.badge = dpg.add_draw_node(parent=self.root)
        colour = t.accent if wire.solo else mix(self.colour, t.label, 0.5) if wire.muted else self.colour
        colour = t.warning if sign == "!" else colour
        r = 8.0
        dpg.draw_circle((x, y), r, fill=mix(t.ground, colour, 0.16), color=colour, thickness=1.3, parent=self.badge)
        if sign == "!":  # drawn, so that it is seen from afar, where small texts are not
            dpg.draw_line((x, y - 4.6), (x, y + 1), color=colour, thickness=2.2, parent=self.badge)
            dpg.draw_circle((x, y + 4), 1.3, fill=colour, color=CLEAR, parent=self.badge)
        elif sign:
            wide = font.width(sign, SMALL, True)
            self.brush.text((x - wide / 2, y - SMALL / 2), sign, SMALL, colour, self.badge, True)
        else:  # an arrow that has to turn: the signal becomes another
            for points in (
                [[x - 4, y - 1.5], [x + 3, y - 1.5], [x + 0.5, y - 4]],
                [[x + 4, y + 1.5], [x - 3, y + 1.5], [x - 0.5, y + 4]],
            ):
                dpg.draw_polyline(points, color=colour, thickness=1.4, parent=self.badge)

    # -- colours -------------------------------------------------------------------------------------------------
    def mood(self, name: str, on: bool) -> None:
        """Sets or ends a mood."""
        if (name in self.moods) != on:
            (self.moods.add if on else self.moods.discard)(name)
            self.paint()

    def paint(self) -> None:
        """Colours it by its moods; when it is next seen, if it is not."""
        self.stale = not self.shown
        if self.stale:
            return
        t, moods, wire = self.theme, self.moods, self.wire
        colour, glow = self.colour, t.glow
        shine, strong = glow * 0.7, 0.92
        if self.swing is not None:
            strong = 0.5
        if "selected" in moods:
            colour, shine, strong = mix(colour, t.text, 0.35), 0.6, 1.0
        if "hover" in moods:
            shine, strong = 0.55, max(strong, 0.8)
        if "target" in moods:
            colour, shine, strong = t.accent, 0.7, 1.0
        if wire.solo:
            shine = max(shine, 0.4)
        if "cut" in moods:
            colour, shine, strong = t.cut, 0.55, 1.0
        weak = 0.2 if "dim" in moods and not moods & {"hover", "selected", "cut", "target"} else 1.0
        quiet = wire.muted and not moods & {"hover", "selected", "cut", "target"}
        halo_colour = t.accent if moods & {"selected", "target"} else colour
        dpg.configure_item(self.shadow, color=(0, 0, 0, round(150 * t.shadow * weak * (0.4 if wire.muted else 1))))
        dpg.configure_item(self.halo, color=fade(halo_colour, shine * 0.55 * weak), show=not quiet)
        dpg.configure_item(self.glow, color=fade(halo_colour, shine * weak), show=not quiet)
        dpg.configure_item(self.core, color=fade(colour, strong * weak), show=not wire.muted or not quiet)
        if self.swing is not None:
            dpg.configure_item(self.swing, color=fade(mix(colour, t.text, 0.12), weak))
        for light, bead in self.pool:
            dpg.configure_item(light, color=fade(colour, 0.75 * weak))
            dpg.configure_item(bead, fill=fade(mix(colour, t.text, 0.5), weak))
        self._paint_dashes()
        self._paint_chip()

    def _paint_chip(self) -> None:
        if self.chip_items is None:
            return
        t, weak = self.theme, 0.25 if "dim" in self.moods and not self.moods & {"hover", "selected"} else 1.0
        plate, said = self.chip_items
        edge = t.accent if "selected" in self.moods else self.colour
        dpg.configure_item(
            plate, fill=fade(mix(t.ground, self.colour, 0.13), 0.94 * weak), color=fade(edge, 0.75 * weak)
        )
        dpg.configure_item(said, color=fade(mix(self.colour, t.text, 0.45), weak))

    # -- what moves ----------------------------------------------------------------------------------------------
    def trace(self, values: Array) -> None:
        """Shows what it carried: -1 to 1, newest first, so that it travels from the source to the end."""
        if self.swing is None or not len(values):
            return
        self.last = values
        known = np.asarray(values, float)
        if not np.isfinite(known).all():
            known = np.nan_to_num(known)
        level = np.interp(self.turns * (len(known) - 1), np.arange(len(known)), known)
        if (
            self.drawn is not None
            and len(self.drawn) == len(level)
            and REACH * np.abs(level - self.drawn).max() < self.brush.eye.least
        ):
            return
        self.drawn = level
        points = self.line - self.normal * level[:, None]
        if self.wire.type == "audio":
            points = bevelled(points)
        dpg.configure_item(self.swing, points=points.tolist(), show=True)

    def beads(self, places: Sequence[float]) -> None:
        """Shows beads, each 0 to 1 of its length."""
        shown = [u for u in places if 0.0 <= u <= 1.0][:16]
        while len(self.pool) < len(shown):
            light = dpg.draw_image(self.brush.glow, _ORIGIN, _ORIGIN, color=fade(self.colour, 0.75), parent=self.root)
            bead = dpg.draw_circle(
                _ORIGIN, 3.3, fill=mix(self.colour, self.theme.text, 0.5), color=CLEAR, parent=self.root
            )
            self.pool.append((light, bead))
            self.paint()
        for place, (light, bead) in enumerate(self.pool):
            if place < len(shown):
                at = shown[place] * (len(self.line) - 1)
                i = min(len(self.line) - 2, int(at))
                (ax, ay), (bx, by) = self.line[i].tolist(), self.line[i + 1].tolist()
                x, y = ax + (bx - ax) * (at - i), ay + (by - ay) * (at - i)
                dpg.configure_item(light, pmin=(x - 11, y - 11), pmax=(x + 11, y + 11), show=True)
                dpg.configure_item(bead, center=(x, y), show=True)
            elif place < self.lit:
                dpg.configure_item(light, show=False)
                dpg.configure_item(bead, show=False)
        self.lit = len(shown)

    def show(self, on: bool, fine: bool) -> None:
        """Shows or hides it. fine: whether its depth is shown, too."""
        was, self.shown = self.shown, on
        if on != was:
            dpg.configure_item(self.root, show=on)
            if on and self.stale:
                self.paint()
        if self.chip is not None and (on and fine) != (was and self.fine):
            dpg.configure_item(self.chip, show=on and fine)
        self.fine = fine

    def close(self) -> None:
        """Deletes it."""
        dpg.delete_item(self.root)
        if self.chip is not None:
            dpg.delete_item(self.chip)
