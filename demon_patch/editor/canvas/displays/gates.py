"""Displays of gates, steps and choices."""

from __future__ import annotations

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.editor.canvas.displays.base import Picture, circle, edges
from demon_patch.editor.canvas.scene_brush import CLEAR, Item
from demon_patch.editor.look.theme import LABEL, SMALL, TITLE, fade, mix

_RHYTHMS = {
    (3, 8): "tresillo", (5, 8): "cinquillo", (2, 5): "khafif", (3, 4): "cumbia", (4, 9): "aksak", (5, 12): "venda",
    (7, 12): "bembé", (7, 16): "samba", (5, 16): "bossa nova", (9, 16): "ngbaka", (3, 7): "ruchenitza",
    (4, 16): "four on the floor",
}  # fmt: skip
"""Names of rhythms, by strokes and steps."""


class Lamp(Picture):
    """A lamp for each gate, which stays lit for a moment after a rise, and its last seconds, which move left."""

    MOST = 3

    def draw(self) -> None:
        self.rows: list[tuple[Item, Item, Item]] = []

    def _row(self) -> tuple[Item, Item, Item]:
        t, gate = self.theme, self.theme.ports["gate"]
        past = self.line([[0, 0], [0, 0]], fade(gate, 0.75), 1.5)
        return past, self.shine((0, 0), 15, fade(gate, 0)), self.dot((0, 0), 5, t.track, fade(t.text, 0.12))

    def refresh(self) -> None:
        t, gate, gates = self.theme, self.theme.ports["gate"], self.history("gate")
        count = min(self.MOST, len(gates))
        left, right = self.x + 30, self.x + self.w - 8
        pitch = min(18.0, (self.h - 8) / max(1, count))
        rows = self.grow(self.rows, count, self._row)
        for place, (past, glow, lamp) in enumerate(rows[:count]):
            y, r = self.y + self.h / 2 + (place - (count - 1) / 2) * pitch, min(5.5, pitch * 0.36)
            light = round(self.glow_of("gate", place), 2)
            x, tall = self.x + 15, min(5.0, pitch * 0.32)
            shine = fade(gate, 0.85 * light)
            self.put(glow, pmin=(x - 15, y - 15), pmax=(x + 15, y + 15), color=shine, show=light > 0.03)
            fill = mix(t.track, mix(gate, t.text, 0.35 * light), light)
            self.put(lamp, center=(x, y), radius=r, fill=fill, show=True)
            self.put(past, points=edges(gates[place], y - tall, y + tall, left, right), show=True)
        for row in rows[count:]:
            self.hide(*row)


class Steps(Picture):
    """A bar for each step, the present one lit. Steps of a pattern are strokes, accents and rests."""

    MOST = 32

    def draw(self) -> None:
        t = self.theme
        self.bars: list[tuple[Item, Item]] = []
        self.mark = self.bar((0, 0), (0, 0), t.text, 1.5)
        self.put(self.mark, show=False)

    def _bar(self) -> tuple[Item, Item]:
        track = self.bar((0, 0), (0, 0), fade(self.theme.track, 0.35), 2.5)
        return track, self.bar((0, 0), (0, 0), self.colour, 2.5)

    def _levels(self) -> list[float]:
        """The height of each step, 0 to 1; below 0 for a rest."""
        text = str(self.data.get("text", ""))
        if text and not len(self.history("step")):
            heights = {"x": 0.7, "X": 1.0, "!": 1.0, "o": 0.5, "-": 0.3, "_": 0.3}
            return [heights.get(c, 0.7 if c.isalnum() else -1.0) for c in text if not c.isspace() and c != "|"]
        count = len(self.history("step"))
        length = round(self.named("knob", "length", self.named("knob", "steps", count)))
        names = [name.rstrip("0123456789") for name in self.names("step")]
        row = next(
            (place for place, name in enumerate(names) if name != names[0]), count
        )  # other rows follow the first
        return self.shares("step")[: max(1, min(count, row, length))]

    def refresh(self) -> None:
        t, levels = self.theme, self._levels()[: self.MOST]
        if not levels:
            return
        places = self.now("place")
        present = int(places[0]) if len(places) and places[0] >= 0 else -1
        step = (self.w - 10) / len(levels)
        gap = 1.5 if step > 6 else 0.6
        top, low = self.y + 6, self.y + self.h - 8
        bottom = self.span("step")[0] if len(self.history("step")) else 0.0
        zero = 0.0 if bottom >= 0 else self._zero()
        for place, (track, fill) in enumerate(self.grow(self.bars, len(levels), self._bar)):
            if place >= len(levels):
                self.hide(track, fill)
                continue
            left, right = self.x + 5 + place * step + gap, self.x + 5 + (place + 1) * step - gap
            level, here = levels[place], place == present
            a, b = sorted((low - (low - top) * max(0.0, level), low - (low - top) * zero))
            colour = mix(self.colour, t.text, 0.55) if here else fade(self.colour, 0.72)
            self.put(track, pmin=(left, top), pmax=(right, low), fill=fade(t.track, 0.6 if here else 0.3), show=True)
            self.put(fill, pmin=(left, a), pmax=(right, max(b, a + 2)), fill=colour, show=level >= 0)
        on = 0 <= present < len(levels)
        left = self.x + 5 + max(0, present) * step + gap
        self.put(self.mark, pmin=(left, low + 2), pmax=(left + step - 2 * gap, low + 4.5), show=on)

    def _zero(self) -> float:
        lo, hi = self.span("step")
        return min(1.0, max(0.0, -lo / (hi - lo)))


class Polygon(Picture):
    """The round of steps as points on a circle, the strokes joined, the present step lit."""

    MOST = 64

    def draw(self) -> None:
        t = self.theme
        side = min(self.h, 0.56 * self.w, 84.0)
        self.middle, self.radius = (self.x + side / 2 + 4, self.y + self.h / 2), side / 2 - 9
        cx, cy = self.middle
        dpg.draw_circle(self.middle, self.radius, color=fade(t.track, 0.8), thickness=1.2, parent=self.plain)
        self.shape = self.line([[cx, cy], [cx, cy]], fade(self.colour, 0.6), 1.6, closed=True)
        self.group = dpg.add_draw_node(parent=self.plain)
        self.dots: list[Item] = []
        self.glow = self.shine((cx, cy), 12, fade(self.colour, 0.9))
        self.bead = self.dot((cx, cy), 4.6, t.text)
        self.put(self.glow, show=False)
        self.put(self.bead, show=False)
        self.name = self.text(cx + self.radius + 18, cy - 8, "", TITLE, t.text, True, parent=self.plain)
        self.known = self.text(cx + self.radius + 18, cy + 10, "", SMALL, t.faint)
        self.drawn: tuple[object, ...] = ()

    def refresh(self) -> None:
        steps = max(1, min(self.MOST, round(self.named("round", "steps", 8))))
        strokes = max(0, min(steps, round(self.named("round", "strokes", 3))))
        turn = round(self.named("round", "rotation", 0))
        drawn = (steps, strokes, turn, self.data.get("start", "tidal"))
        if drawn != self.drawn:
            self._round(steps, strokes, turn)
            self.drawn = drawn
        places = self.now("place")
        present = int(places[0]) if len(places) else -1
        on = 0 <= present < steps
        if on:
            at = circle(*self.middle, self.radius, present / steps)
            self.put(self.bead, center=at, show=True)
            light = round(self.glow_of("gate", 0), 2)
            self.put(
                self.glow,
                pmin=(at[0] - 13, at[1] - 13),
                pmax=(at[0] + 13, at[1] + 13),
                color=fade(self.colour, 0.25 + 0.7 * light),
                show=True,
            )
        else:
            self.put(self.bead, show=False)
            self.put(self.glow, show=False)

    def _round(self, steps: int, strokes: int, turn: int) -> None:
        """Draws the round anew."""
        dpg.delete_item(self.group, children_only=True)
        hits = {(i + turn) % steps for i in rhythm(steps, strokes, self.data.get("start", "tidal") == "tidal")}
        size = 1.0 if steps <= 16 else 0.6
        for i in range(steps):
            fill = self.colour if i in hits else self.theme.track
            dpg.draw_circle(
                circle(*self.middle, self.radius, i / steps),
                (4.4 if i in hits else 2.5) * size,
                fill=fill,
                color=CLEAR,
                parent=self.group,
            )
        corners = [list(circle(*self.middle, self.radius, i / steps)) for i in sorted(hits)] or [list(self.middle)]
        self.put(self.shape, points=corners if len(corners) > 1 else corners * 2)
        self.put(self.name, text=f"{strokes} in {steps}")
        self.put(self.known, text=_RHYTHMS.get((strokes, steps), ""))


class Switch(Picture):
    """The inputs as dots, with a line from the one that passes; where several pass, as strongly as each does."""

    MOST = 8

    def draw(self) -> None:
        t = self.theme
        self.out = self.x + self.w - 22, self.y + self.h / 2
        self.rows: list[tuple[Item, Item]] = []
        self.dot(self.out, 4, mix(self.colour, t.text, 0.3))
        self.label = self.text(self.x + self.w - 14, self.y + 12, "", SMALL, t.label)

    def refresh(self) -> None:
        t, shares = self.theme, self.now("share")
        places, inputs = self.now("place"), self.history("input")
        count = min(self.MOST, len(shares) or len(inputs) or self.MOST)
        index = self.named("knob", "index", float(places[0]) if len(places) else -1.0)
        place = float(places[0]) if len(places) else index
        weights = [float(shares[i]) if len(shares) else max(0.0, 1 - abs(place - i)) for i in range(count)]
        rows = self.grow(
            self.rows, count, lambda: (self.line([[0, 0], [0, 0]], self.colour, 2), self.dot((0, 0), 3, t.track))
        )
        for i, (line, dot) in enumerate(rows[:count]):
            y = self.y + 6 + (self.h - 12) * (i + 0.5) / count
            weight = min(1.0, max(0.0, weights[i]))
            start, (ox, oy) = self.x + 14, self.out
            bend = [[start, y], [start + 14, y], [ox - 20, oy], [ox, oy]]
            self.put(
                line,
                points=bend,
                color=fade(self.colour, 0.12 + 0.88 * weight),
                thickness=1.2 + 1.4 * weight,
                show=True,
            )
            self.put(dot, center=(start, y), fill=mix(t.track, self.colour, weight), show=True)
        strongest = int(np.argmax(weights)) if weights and max(weights) > 0 else -1
        self.say(self.label, str(strongest + 1) if strongest >= 0 else "", LABEL, self.x + self.w - 8, self.y + 12)


class Keys(Picture):
    """A keyboard with the keys that are held."""

    WHITE = (0, 2, 4, 5, 7, 9, 11)

    def draw(self) -> None:
        t = self.theme
        octaves = 2 if self.w > 130 else 1
        self.keys: dict[int, tuple[Item, bool]] = {}
        wide = (self.w - 10) / (7 * octaves)
        white, black = (t.text, t.well) if t.name == "dark" else (t.body, t.text)
        self.fills = {False: mix(white, t.well, 0.18), True: mix(black, t.track, 0.25)}
        tall = min(self.h - 10, 60.0)
        top = self.y + (self.h - tall) / 2
        low = top + tall
        for i in range(7 * octaves):
            left = self.x + 5 + i * wide
            note = 12 * (i // 7) + self.WHITE[i % 7]
            self.keys[note] = self.bar((left + 0.6, top), (left + wide - 0.6, low), self.fills[False], 2), False
        for i in range(7 * octaves):
            if i % 7 in (0, 1, 3, 4, 5):
                left = self.x + 5 + (i + 1) * wide
                note = 12 * (i // 7) + self.WHITE[i % 7] + 1
                self.keys[note] = (
                    self.bar(
                        (left - wide * 0.3, top), (left + wide * 0.3, top + (low - top) * 0.6), self.fills[True], 1.5
                    ),
                    True,
                )
        self.octaves = octaves
        self.label = self.text(self.x + 7, low - 7, "", 10.0, mix(black, white, 0.4))

    def refresh(self) -> None:
        values, names = self.now("value"), self.names("value")
        pitches = [i for i, n in enumerate(names) if "pitch" in n] or ([0] if len(values) else [])
        gates = self.history("gate")
        held = {
            round(float(values[i]))
            for voice, i in enumerate(pitches)
            if i < len(values) and voice < len(gates) and np.nan_to_num(gates[voice][-1]) > 0.5
        }
        base = self.data.get("_base", 48)
        if held and not all(base <= n < base + 12 * self.octaves for n in held):
            base = 12 * (min(held) // 12)
            self.data["_base"] = base
        lit = {n - base for n in held}
        for note, (item, black) in self.keys.items():
            self.put(item, fill=self.colour if note in lit else self.fills[black])
        self.put(self.label, text=f"C{base // 12 - 1}")


def rhythm(steps: int, strokes: int, tidal: bool = True) -> set[int]:
    """Returns the steps on which a Euclidean rhythm strikes. tidal: as Bjorklund's algorithm begins the round."""
    if strokes <= 0:
        return set()
    if not tidal:
        return {i for i in range(steps) if (i * strokes) % steps < strokes}
    front, back = [[True] for _ in range(strokes)], [[False] for _ in range(steps - strokes)]
    while len(back) > 1 or (back and len(back) > len(front)):
        pairs = min(len(front), len(back))
        front, back = [front[i] + back[i] for i in range(pairs)], front[pairs:] or back[pairs:]
        if not back:
            break
    row = [hit for part in (*front, *back) for hit in part]
    return {i for i, hit in enumerate(row) if hit}
