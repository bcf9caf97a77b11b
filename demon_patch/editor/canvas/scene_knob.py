"""Knobs: base, modulated and live value, playing range, and the ring that closes when a change is heard."""

from __future__ import annotations

import math

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.scene_brush import CLEAR, Brush, Item
from demon_patch.editor.layout.box import Knob
from demon_patch.editor.look.theme import KNOB, fade, mix

SLICES = 90
TURNS = [math.pi * (0.75 + 1.5 * i / SLICES) for i in range(SLICES + 1)]
ROUND = [(math.cos(a), math.sin(a)) for a in TURNS]
TRACK = KNOB + 3.2


def _circle(radius: float) -> list[list[float]]:
    return [[radius * x, radius * y] for x, y in ROUND]


RING, TIP, TAIL, OUTER, INNER = (_circle(r) for r in (TRACK, KNOB - 1.6, KNOB - 6.4, TRACK + 2.6, TRACK - 2.2))
FAR = _circle(TRACK + 4.6)
HEARD = [[(TRACK + 4.0) * math.sin(math.tau * i / 60), -(TRACK + 4.0) * math.cos(math.tau * i / 60)] for i in range(61)]


def place(position: float) -> int:
    """Returns which slice of the track a position of 0 to 1 lies on."""
    return round(min(1.0, max(0.0, position)) * SLICES)


def arc(a: int, b: int) -> list[list[float]]:
    """Returns the track between two slices."""
    a, b = min(a, b), max(a, b)
    return RING[a : b + 1] if b > a else [RING[a], RING[a]]


class KnobItems:
    """The items of a knob. turn, modulate and heard change them only where it can be seen."""

    def __init__(self, brush: Brush, knob: Knob, parent: Item) -> None:
        self.knob = knob
        self.theme = t = brush.theme
        self.colour = colour = t.port(knob.type)
        self.node = dpg.add_draw_node(parent=parent)
        self.zero = SLICES // 2 if knob.centred else 0
        self.base = place(knob.position)
        self.now: int | None = None
        self.live: int | None = None
        dpg.draw_polyline(RING, color=t.track, thickness=2.6, parent=self.node)
        self._base = dpg.draw_polyline(
            arc(self.zero, self.base), color=fade(colour, 0.55), thickness=2.6, parent=self.node
        )
        if knob.play != (0.0, 1.0):
            lo, hi = (place(end) for end in knob.play)
            outside = mix(t.track, t.well, 0.65)
            for a, b in ((0, lo), (hi, SLICES)):
                dpg.draw_polyline(arc(a, b), color=outside, thickness=2.8, parent=self.node)
            for end in (lo, hi):
                dpg.draw_line(INNER[end], OUTER[end], color=t.accent, thickness=1.6, parent=self.node)
        self._arc = dpg.draw_polyline(arc(0, 0), color=colour, thickness=2.9, show=False, parent=self.node)
        dark = t.name == "dark"
        dpg.draw_circle((0, 1.2), KNOB, fill=(0, 0, 0, 110 if dark else 46), color=CLEAR, parent=self.node)
        cap = mix(t.knob, (255, 255, 255, 255), 0.30 if dark else 0.9)
        dpg.draw_image(brush.cap, (-KNOB, -KNOB), (KNOB, KNOB), color=cap, parent=self.node)
        self._tip = dpg.draw_line(TAIL[self.base], TIP[self.base], color=t.text, thickness=2, parent=self.node)
        self._live = dpg.draw_line(TAIL[0], TIP[0], color=t.snap, thickness=2.4, show=False, parent=self.node)
        self._dot = dpg.draw_circle(RING[0], 2.7, fill=t.text, color=fade(t.well, 0.8), show=False, parent=self.node)
        self._heard: Item | None = None
        self._ghost: Item | None = None
        self._stands = -1
        self._closed = -1
        dpg.apply_transform(self.node, dpg.create_translation_matrix([knob.x, knob.y, 0]))

    def turn(self, position: float) -> None:
        """Shows where the base stands."""
        base = place(position)
        if base == self.base:
            return
        self.base = base
        dpg.configure_item(self._base, points=arc(self.zero, base))
        dpg.configure_item(self._tip, p1=TAIL[base], p2=TIP[base])
        if self.now is not None:
            dpg.configure_item(self._arc, points=arc(base, self.now))

    def modulate(self, now: float | None, live: float | None) -> None:
        """Shows where modulation has it, and its live value; None for none."""
        at = None if now is None else place(now)
        over = None if live is None else place(live)
        if at != self.now:
            self.now = at
            shown = at is not None
            dpg.configure_item(self._dot, show=shown, **({"center": RING[at]} if at is not None else {}))
            dpg.configure_item(self._arc, show=shown, **({"points": arc(self.base, at)} if at is not None else {}))
        if over != self.live:
            self.live = over
            dpg.configure_item(self._tip, color=fade(self.theme.text, 0.3) if over is not None else self.theme.text)
            dpg.configure_item(
                self._live, show=over is not None, **({"p1": TAIL[over], "p2": OUTER[over]} if over is not None else {})
            )

    def ghost(self, position: float | None) -> None:
        """Shows where a controller stands that does not have the knob yet: a hollow dot, and the way to the knob."""
        stands = -1 if position is None else place(position)
        if stands == self._stands:
            return
        self._stands = stands
        if self._ghost is not None:
            dpg.delete_item(self._ghost)
            self._ghost = None
        if position is None:
            return
        at = self.base if self.live is None else self.live
        self._ghost = dpg.add_draw_node(parent=self.node)
        low, high = min(stands, at), max(stands, at)
        if high > low:
            way = FAR[low : high + 1]
            dpg.draw_polyline(way, color=fade(self.theme.snap, 0.5), thickness=1.6, parent=self._ghost)
        dpg.draw_circle(
            FAR[stands], 3.4, fill=self.theme.body, color=self.theme.snap, thickness=1.8, parent=self._ghost
        )

    def heard(self, share: float | None) -> None:
        """Shows a ring that closes, clockwise from the top; None takes it away."""
        if share is None:
            if self._heard is not None:
                dpg.delete_item(self._heard)
            self._heard, self._closed = None, -1
            return
        closed = max(1, round(60 * min(1.0, max(0.0, share))))
        if self._heard is None:
            self._heard = dpg.draw_polyline(HEARD[:2], color=self.theme.accent, thickness=1.7, parent=self.node)
        if closed != self._closed:
            self._closed = closed
            dpg.configure_item(self._heard, points=HEARD[: closed + 1])
