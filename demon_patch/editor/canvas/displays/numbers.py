"""Displays of numbers: large figures, dials, bars, meters, hands and formulas."""

from __future__ import annotations

import math

from demon_patch.editor.canvas.displays.base import Picture, arc, circle, said
from demon_patch.editor.canvas.scene_brush import Item
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import LABEL, SMALL, fade, mix


class Number(Picture):
    """The first number in large figures, the others small beside it, and a lamp for each gate."""

    MOST = 3

    def draw(self) -> None:
        t = self.theme
        self.size = min(28.0, self.h * 0.62)
        self.main = self.text(self.x + 10, self.y + self.h / 2, "–", self.size, t.text, True, parent=self.plain)
        self.others = [self.text(self.x, self.y + self.h / 2, "", SMALL, t.label) for _ in range(self.MOST - 1)]
        self.lamps: list[tuple[Item, Item]] = []

    def refresh(self) -> None:
        values = self.now("value")
        units, names = self.data.get("units", {}).get("value", ()), self.names("value")
        if len(values):
            unit = units[0] if units else ""
            mark = said(float(values[0])) + (f" {unit}" if unit and len(unit) < 5 else "")
            small = 15 * (min(len(values), self.MOST) - 1) if self.h > 60 else 0
            self.put(self.main, text=mark, pos=(self.x + 10, self.y + (self.h - small) / 2 - self.size / 2))
        for place, item in enumerate(self.others, 1):
            if place < len(values):
                name = names[place].replace("_", " ") + "  " if place < len(names) else ""
                height = self.y + self.h - 10 - 15 * (min(len(values), self.MOST) - 1 - place)
                self.say(item, name + said(float(values[place])), SMALL, self.x + self.w - 9, height)
        corner_lamps(self, self.lamps, 3)


class Dial(Picture):
    """A lit arc for each number in its range, with the first one in figures."""

    MOST = 2

    def draw(self) -> None:
        t = self.theme
        side = min(self.h, 0.5 * self.w, 64.0)
        self.middle = self.x + 6 + side / 2, self.y + self.h / 2 + 2
        self.radii = [side / 2 - 7, side / 2 - 13]
        cx, cy = self.middle
        self.tracks = [self.line(arc(cx, cy, r, -0.375, 0.375), fade(t.track, 0.8), 3.4) for r in self.radii]
        self.arcs = [
            self.line(arc(cx, cy, r, -0.375, -0.375), c, 3.4)
            for r, c in zip(self.radii, (self.colour, mix(self.colour, t.text, 0.6)), strict=True)
        ]
        self.hand = self.line([[cx, cy], [cx, cy]], t.text, 2)
        self.put(self.tracks[1], show=False)
        self.put(self.arcs[1], show=False)
        self.number = self.text(self.x + side + 14, self.y + self.h / 2, "", 20, t.text, True, parent=self.plain)
        self.lamp = self.shine((self.x + self.w - 14, self.y + 13), 11, fade(t.ports["gate"], 0.8))
        self.put(self.lamp, show=False)

    def refresh(self) -> None:
        values = self.now("value")
        if not len(values):
            return
        cx, cy = self.middle
        for place, (radius, item) in enumerate(zip(self.radii, self.arcs, strict=True)):
            on = place < len(values)
            if not on:
                continue
            lo, hi = self.span("value", place)
            zero = -0.375 + 0.75 * min(1.0, max(0.0, -lo / (hi - lo)))
            at = -0.375 + 0.75 * self.share("value", place)
            self.put(self.tracks[place], show=True)
            self.put(item, points=arc(cx, cy, radius, min(zero, at), max(zero, at)), show=True)
            if place == 0:
                ends = circle(cx, cy, radius - 10, at), circle(cx, cy, radius - 3, at)
                self.put(self.hand, points=[list(p) for p in ends])
        self.put(self.number, text=said(float(values[0])))
        if len(self.history("gate")):
            light = round(self.glow_of("gate", 0), 2)
            self.put(self.lamp, color=fade(self.theme.ports["gate"], 0.8 * light), show=light > 0.03)


class Bars(Picture):
    """One bar for each number, side by side, with a mark at its highest of late."""

    MOST = 16

    def draw(self) -> None:
        self.bars: list[tuple[Item, Item, Item]] = []
        self.tops = [0.0] * self.MOST

    def _bar(self) -> tuple[Item, Item, Item]:
        t = self.theme
        track = self.bar((0, 0), (0, 0), fade(t.track, 0.35), 2)
        fill = self.bar((0, 0), (0, 0), self.colour, 2)
        return track, fill, self.line([[0, 0], [0, 0]], mix(self.colour, t.text, 0.6), 1.4)

    def refresh(self) -> None:
        shares = self.shares("value")[: self.MOST]
        count = len(shares)
        if not count:
            return
        step = (self.w - 10) / count
        top, low = self.y + 6, self.y + self.h - 6
        bars = self.grow(self.bars, count, self._bar)
        for place, (track, fill, mark) in enumerate(bars[:count]):
            left, right = self.x + 5 + place * step + 1.5, self.x + 5 + (place + 1) * step - 1.5
            lo, hi = self.span("value", place)
            zero = low - (low - top) * min(1.0, max(0.0, -lo / (hi - lo)))
            at = low - (low - top) * shares[place]
            self.tops[place] = max(shares[place], self.tops[place] - 0.008)
            height = low - (low - top) * self.tops[place]
            self.put(track, pmin=(left, top), pmax=(right, low), show=True)
            self.put(fill, pmin=(left, min(at, zero - 1)), pmax=(right, max(at, zero)), show=True)
            self.put(mark, points=[[left, height], [right, height]], show=True)
        for bar in bars[count:]:
            self.hide(*bar)


class Meter(Picture):
    """Levels as bars with a held peak; the last seconds of the first behind them."""

    def draw(self) -> None:
        t, x, y, w, h = self.theme, self.x, self.y, self.w, self.h
        self.past = self.soft_line([[x + 6, y + h - 6], [x + w - 6, y + h - 6]], fade(self.colour, 0.4), 1.2)
        for item in self.past:
            self.put(item, show=False)
        self.rows: list[tuple[Item, Item, Item, Item]] = []
        for _ in range(2):
            track = self.bar((0, 0), (0, 0), fade(t.track, 0.5), 3.5)
            fill = self.bar((0, 0), (0, 0), self.colour, 3.5)
            hot = self.bar((0, 0), (0, 0), t.ports["gate"], 3.5)
            peak = self.line([[0, 0], [0, 0]], t.text, 1.6)
            self.rows.append((track, fill, hot, peak))
            for item in (track, fill, hot, peak):
                self.put(item, show=False)
        self.held = [0.0, 0.0]
        self.age = [0, 0]

    def refresh(self) -> None:
        given = self.history("level")
        levels = self.shares("level")[:2]
        if not levels:
            levels = [min(1.0, max(0.0, float(v))) for v in self.data.get("levels", ())][:2]
        peaks = [float(v) for v in self.data.get("peaks", ())]
        if len(given) and given.shape[1] > 2:
            points = self.trail("level", 0, self.y + 4, self.y + self.h - 4, self.x + 6, self.x + self.w - 6)
            self.put_line(self.past, points)
        left, right = self.x + 8, self.x + self.w - 8
        for place, (track, fill, hot, peak) in enumerate(self.rows):
            if place >= len(levels):
                break
            level = levels[place]
            top = peaks[place] if place < len(peaks) else level
            self.age[place] += 1
            if top >= self.held[place]:
                self.held[place], self.age[place] = top, 0
            elif self.age[place] > 30:
                self.held[place] = max(top, self.held[place] - 0.02)
            gap = min(16.0, self.h / 2.6)
            y = self.y + self.h / 2 + (place - (len(levels) - 1) / 2) * gap
            at, over = left + level * (right - left), left + 0.9 * (right - left)
            mark = left + min(1.0, self.held[place]) * (right - left)
            self.put(track, pmin=(left, y - 3.5), pmax=(right, y + 3.5), show=True)
            self.put(fill, pmin=(left, y - 3.5), pmax=(max(left + 1, at), y + 3.5), show=level > 0.005)
            self.put(hot, pmin=(over, y - 3.5), pmax=(max(over + 1, at), y + 3.5), show=at > over + 1)
            self.put(peak, points=[[mark, y - 4.5], [mark, y + 4.5]], show=self.held[place] > 0.01)


class Phase(Picture):
    """A hand that goes round once in each cycle, the number beside it, and a lamp for each gate."""

    def draw(self) -> None:
        t = self.theme
        self.tall = self.h > 0.9 * self.w
        side = min(self.h, (0.8 if self.tall else 0.5) * self.w, 64.0)
        x = self.x + (self.w / 2 if self.tall else 6 + side / 2)
        self.middle, self.radius = (x, self.y + self.h / 2 - (9 if self.tall else 0)), side / 2 - 6
        cx, cy = self.middle
        self.line(arc(cx, cy, self.radius, 0, 1, 60), fade(t.track, 0.8), 2.4)
        self.swept = self.line(arc(cx, cy, self.radius, 0, 0), self.colour, 2.8)
        self.hand = self.line([[cx, cy], [cx, cy - self.radius + 4]], t.text, 2)
        self.dot((cx, cy), 2.6, t.text)
        size = 15.0 if self.tall else 20.0
        at = (cx, cy + side / 2 + 9) if self.tall else (self.x + side + 14, self.y + self.h / 2)
        self.number_at, self.size = at, size
        self.main = self.text(*at, "", size, t.text, True, parent=self.plain)
        self.lamps: list[tuple[Item, Item]] = []

    def refresh(self) -> None:
        values, names = self.now("value"), self.names("value")
        if not len(values):
            return
        turning = [
            i
            for i in range(len(values))
            if (i < len(names) and ("phase" in names[i] or "fraction" in names[i]))
            or self.span("value", i) == (0.0, 1.0)
        ]
        place = turning[-1] if turning else 0
        share = self.share("value", place) if turning else float(values[0]) % 1.0
        cx, cy = self.middle
        self.put(self.swept, points=arc(cx, cy, self.radius, 0, max(0.002, share)))
        self.put(self.hand, points=[list(circle(cx, cy, 3, share)), list(circle(cx, cy, self.radius - 4, share))])
        mark = said(float(values[0]))
        x = self.number_at[0] - (font.width(mark, self.size, True) / 2 if self.tall else 0)
        self.put(self.main, text=mark, pos=(x, self.number_at[1] - self.size / 2))
        corner_lamps(self, self.lamps, 2)


class Formula(Picture):
    """A formula in words, the numbers that it reads, and what it comes to."""

    def draw(self) -> None:
        t = self.theme
        self.words = self.text(
            self.x + 9, self.y + (13 if self.h > 34 else self.h / 2), "", LABEL, t.text, parent=self.plain
        )
        self.reads = self.text(self.x + 9, self.y + self.h - 12, "", SMALL, t.label)
        self.result = self.text(self.x + 9, self.y + self.h - 13, "", LABEL, self.colour, True, parent=self.plain)

    def refresh(self) -> None:
        values, names = self.now("input"), self.names("input")
        wide, one = self.w - 18, self.h <= 34
        low = self.y + (self.h / 2 if one else self.h - 13)
        if len(self.history("value")):
            mark = "= " + said(float(self.now("value")[0]))
            wide -= font.width(mark, LABEL, True) + 10
            self.say(self.result, mark, LABEL, self.x + self.w - 9, low, True)
        words = str(self.data.get("text", "")).replace("\n", " ") or "–"
        self.put(self.words, text=font.fitted(words, LABEL, wide if one else self.w - 18))
        reads = "  ".join(f"{n} {said(float(v))}" for n, v in zip(names, values, strict=False) if math.isfinite(v))
        self.put(self.reads, text=font.fitted(reads, SMALL, wide), show=self.h > 34)


def corner_lamps(picture: Picture, lamps: list[tuple[Item, Item]], most: int) -> None:
    """Shows a small lamp for each gate in the upper right corner."""
    t, gate = picture.theme, picture.theme.ports["gate"]
    count = min(most, len(picture.history("gate")))
    while len(lamps) < count:
        at = picture.x + picture.w - 13 - 15 * len(lamps), picture.y + 12
        lamps.append((picture.shine(at, 11, fade(gate, 0)), picture.dot(at, 3.4, t.track)))
    for place, (glow, dot) in enumerate(lamps[:count]):
        light = round(picture.glow_of("gate", place), 2)
        picture.put(glow, color=fade(gate, 0.8 * light), show=light > 0.03)
        picture.put(dot, fill=mix(t.track, gate, light))
