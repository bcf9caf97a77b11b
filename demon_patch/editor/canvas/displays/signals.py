"""Displays of signals over time, of a pair of numbers, and of shares."""

from __future__ import annotations

from collections.abc import Sequence

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.editor.canvas.displays.base import Picture, edges, said
from demon_patch.editor.canvas.scene_brush import Item
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import LABEL, SMALL, fade, mix

LINES, GATES = 4, 2
_BETWEEN = ("position", "blend", "amount")
"""Names of knobs that fade from one input to another."""
_MARKS = frozenset({"opens", "closes", "threshold"})
"""Names of knobs that stand on the scale of the signal beside them."""


class Scope(Picture):
    """The last seconds of up to four numbers as lines, with the newest at the right, and of two gates beneath."""

    def draw(self) -> None:
        t, x, y, w, h = self.theme, self.x, self.y, self.w, self.h
        for share in (0.25, 0.5, 0.75):
            strong = 0.55 if share == 0.5 else 0.22
            self.line([[x + 4, y + h * share], [x + w - 4, y + h * share]], fade(t.track, strong), 1)
        self.lines: list[tuple[Item, Item]] = []
        self.gates: list[Item] = []
        self.head = self.dot((x + w - 5, y + h / 2), 2.6, mix(self.colour, t.text, 0.5))
        self.hide(self.head)
        self.number = self.tag(SMALL, mix(self.colour, t.label, 0.35))

    def _line(self) -> tuple[Item, Item]:
        t, place = self.theme, len(self.lines)
        tints = (
            self.colour,
            mix(self.colour, t.text, 0.65),
            mix(self.colour, t.faint, 0.6),
            mix(self.colour, t.label, 0.8),
        )
        return self.soft_line([[0, 0], [0, 0]], tints[place], 1.3 if place else 1.8)

    def _gate(self) -> Item:
        return self.line([[0, 0], [0, 0]], fade(self.theme.ports["gate"], 0.85), 1.5)

    def refresh(self) -> None:
        values, gates = self.history("value"), self.history("gate")
        count, shown = min(LINES, len(values)), min(GATES, len(gates))
        low = self.y + self.h - 5 - 9 * shown if count else self.y + self.h - 6
        for place, pair in enumerate(self.grow(self.lines, count, self._line)):
            if place >= count:
                self.hide(*pair)
                continue
            points = self.trail("value", place, self.y + 5, low, self.x + 4, self.x + self.w - 6)
            self.put_line(pair, points)
            if place == 0:
                self.put(self.head, center=tuple(points[-1].tolist()), show=True)
        for place, item in enumerate(self.grow(self.gates, shown, self._gate)):
            if place >= shown:
                self.hide(item)
                continue
            foot = self.y + self.h - (4 + 9 * place if count else 7 + place * (self.h - 8) / shown)
            tall = 6 if count else (self.h - 18) / shown
            self.put(item, points=edges(gates[place], foot - tall, foot, self.x + 4, self.x + self.w - 6), show=True)
        if count:
            self.put_tag(self.number, said(float(self.now("value")[0])), self.x + 8, self.y + 9, SMALL)


class Threshold(Picture):
    """A signal over the last seconds, the marks that it crosses as level lines, and a lamp for each gate."""

    def draw(self) -> None:
        self.right = self.x + self.w - 26
        self.marks: list[Item] = []
        self.lines: list[tuple[Item, Item]] = []
        self.lamps: list[tuple[Item, Item]] = []

    def _line(self) -> tuple[Item, Item]:
        colour = mix(self.colour, self.theme.text, 0.5) if self.lines else self.colour
        return self.soft_line([[0, 0], [0, 0]], colour, 1.3 if self.lines else 1.8)

    def refresh(self) -> None:
        t, values, gates = self.theme, self.history("signal"), self.history("gate")
        named = self.names("mark")
        marks = [v for i, v in enumerate(self.now("mark").tolist()) if not named or named[i : i + 1][0] in _MARKS]
        top, low = self.y + 5, self.y + self.h - 5
        if not len(values):
            return
        spans = self.data.setdefault("_spans", {})
        lo, hi = self.span("signal", 0)
        for other in range(1, min(2, len(values))):
            a, b = self.span("signal", other)
            lo, hi = min(lo, a), max(hi, b)
        for place in range(min(2, len(values))):
            spans["signal", place] = (lo, hi)
        for place, pair in enumerate(self.grow(self.lines, min(2, len(values)), self._line)):
            if place < len(values):
                self.put_line(pair, self.trail("signal", place, top, low, self.x + 4, self.right))
        self.grow(self.marks, min(3, len(marks)), lambda: self.line([[0, 0], [0, 0]], fade(t.accent, 0.75), 1.2))
        for place, item in enumerate(self.marks):
            on = place < len(marks) and lo <= marks[place] <= hi
            height = low - (low - top) * (marks[place] - lo) / (hi - lo) if on else low
            self.put(item, points=[[self.x + 4, height], [self.right, height]], show=bool(on))
        gate = t.ports["gate"]
        count = min(3, len(gates))
        lamps = self.grow(
            self.lamps, count, lambda: (self.shine((0, 0), 13, fade(gate, 0)), self.dot((0, 0), 4, t.track))
        )
        for place, (glow, dot) in enumerate(lamps[:count]):
            light = round(self.glow_of("gate", place), 2)
            cx, cy = self.x + self.w - 14, self.y + self.h / 2 + (place - (count - 1) / 2) * 15
            self.put(
                glow, pmin=(cx - 13, cy - 13), pmax=(cx + 13, cy + 13), color=fade(gate, 0.8 * light), show=light > 0.03
            )
            self.put(dot, center=(cx, cy), fill=mix(t.track, gate, light), show=True)


class Pad(Picture):
    """A bead in a square with its trail: the first number to the right, the second up."""

    def draw(self) -> None:
        t = self.theme
        side = min(self.h, self.w) - 10
        self.left, self.top, self.side = self.x + (self.w - side) / 2, self.y + (self.h - side) / 2, side
        if self.w > 1.7 * self.h:
            self.left = self.x + 6
        a, b = (self.left, self.top), (self.left + side, self.top + side)
        dpg.draw_rectangle(a, b, color=fade(t.track, 0.8), fill=fade(t.track, 0.14), rounding=4, parent=self.plain)
        cx, cy = self.left + side / 2, self.top + side / 2
        self.line([[cx, self.top + 2], [cx, self.top + side - 2]], fade(t.track, 0.45), 1)
        self.line([[self.left + 2, cy], [self.left + side - 2, cy]], fade(t.track, 0.45), 1)
        self.old = self.line([[cx, cy], [cx, cy]], fade(self.colour, 0.25), 1.2)
        self.recent = self.line([[cx, cy], [cx, cy]], fade(self.colour, 0.75), 1.8)
        self.glow = self.shine((cx, cy), 13, fade(self.colour, 0.55))
        self.bead = self.dot((cx, cy), 4.2, mix(self.colour, t.text, 0.35))
        self.texts: list[Item] = []
        if self.w > 1.7 * self.h:
            right = self.x + self.w - 8
            self.texts = [
                self.text(right - 30, self.y + self.h * (0.32 + 0.36 * i), "", LABEL, t.text) for i in range(2)
            ]

    def refresh(self) -> None:
        if len(self.history("value")) < 2:
            return
        left, right, top, low = self.left + 3, self.left + self.side - 3, self.top + 3, self.top + self.side - 3
        x = left + right - self.trail("value", 0, left, right, 0, 1, 64)[:, 1]
        y = self.trail("value", 1, top, low, 0, 1, 64)[:, 1]
        points = np.stack([x, y], 1)
        half = max(2, len(points) // 3)
        self.put(self.old, points=points[: len(points) - half + 1].tolist() if len(points) > half else points.tolist())
        self.put(self.recent, points=points[-half:].tolist())
        px, py = float(x[-1]), float(y[-1])
        self.put(self.glow, pmin=(px - 13, py - 13), pmax=(px + 13, py + 13))
        self.put(self.bead, center=(px, py))
        for place, item in enumerate(self.texts):
            mark = "xy"[place] + "  " + said(float(self.now("value")[place]))
            self.say(item, mark, LABEL, self.x + self.w - 9, self.y + self.h * (0.32 + 0.36 * place))


class Shares(Picture):
    """How much of each input is in the result, as parts of one bar."""

    MOST = 8

    def draw(self) -> None:
        t = self.theme
        self.bar((self.x + 8, self.middle - 6), (self.x + self.w - 8, self.middle + 6), fade(t.track, 0.4), 6)
        hues = [t.ports[k] for k in ("value", "prompt", "source", "curve", "surface", "audio", "gate", "ring")]
        self.hues = [mix(hue, t.well, 0.1) for hue in hues]
        self.parts: list[tuple[Item, Item]] = []

    def _part(self) -> tuple[Item, Item]:
        part = self.bar((0, 0), (0, 0), self.hues[len(self.parts)], 3)
        return part, self.text(self.x, self.middle + 16, "", SMALL, self.theme.label)

    @property
    def middle(self) -> float:
        """The height of the bar's middle."""
        return self.y + self.h / 2 - (7 if self.h >= 36 else 0)

    def _weights(self) -> tuple[Sequence[str], np.ndarray]:
        """Returns the names and the weights of the parts. Of a node that mixes by one knob, it is that knob's share."""
        names, values = self.names("share"), np.clip(self.now("share"), 0, None)
        knob = next((names.index(name) for name in _BETWEEN if name in names), 0 if len(values) == 1 else -1)
        if 0 <= knob < len(values):
            share = self.share("share", knob)
            return ("a", "b"), np.array([1 - share, share])
        levels = [place for place, name in enumerate(names) if name.startswith("level") and place < len(values)]
        if levels:
            names, values = [names[place] for place in levels], values[levels]
        if len(names) != len(values):
            names = ()
        return names[: self.MOST], values[: self.MOST]

    def refresh(self) -> None:
        names, values = self._weights()
        total = float(values.sum())
        left = self.x + 8
        for place, (part, label) in enumerate(self.grow(self.parts, len(values), self._part)):
            share = float(values[place]) / total if place < len(values) and total > 1e-9 else 0.0
            wide = share * (self.w - 16)
            on = wide >= 1.5
            self.put(part, pmin=(left, self.middle - 6), pmax=(left + max(1.0, wide - 1.5), self.middle + 6), show=on)
            mark = f"{share * 100:.0f} %"
            if names and wide > 84:
                mark = f"{names[place].replace('_', ' ')}  {mark}"
            fits = on and wide > font.width(mark, SMALL) + 4 and self.h >= 36
            if fits:
                middle = left + wide / 2 - font.width(mark, SMALL) / 2
                self.put(label, text=mark, pos=(middle, self.middle + 16 - SMALL / 2), show=True)
            else:
                self.put(label, show=False)
            left += wide
