"""Displays of what the engine works on: clips, words, the ring of generations, surfaces, lanes and recordings."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import PurePath

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.editor.canvas.displays.base import Picture, arc, circle, resampled
from demon_patch.editor.canvas.scene_brush import CLEAR, Item
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import LABEL, SMALL, fade, mix


class Wave(Picture):
    """The peaks of a sound over its length, with the playhead, the loop, and the stretch that is being replaced."""

    def draw(self) -> None:
        t, x, y, w, h = self.theme, self.x, self.y, self.w, self.h
        self.left, self.right = x + 5, x + w - 5
        self.loop = self.bar((x, y + 1), (x, y + h - 1), fade(t.accent, 0.12), 2)
        self.window = self.bar((x, y + 1), (x, y + h - 1), fade(t.ports["ring"], 0.22), 2)
        self.count = max(8, int((self.right - self.left) / 3.0))
        half = y + h / 2
        self.bars = [
            self.line([[px, half - 0.6], [px, half + 0.6]], fade(self.colour, 0.9), 1.6)
            for px in np.linspace(self.left, self.right, self.count)
        ]
        self.head = self.line([[x, y + 2], [x, y + h - 2]], t.text, 1.5)
        for item in (self.loop, self.window, self.head):
            self.put(item, show=False)
        self.peaks: object = None

    def refresh(self) -> None:
        given = self.data.get("peaks")
        if given is not None and given is not self.peaks:
            self.peaks = given
            self._bars(np.abs(np.nan_to_num(np.asarray(given, float).ravel())))
        for key, item in (("loop", self.loop), ("window", self.window)):
            span = self.data.get(key)
            on = span is not None and span[1] > span[0]
            a, b = (float(span[0]), float(span[1])) if span is not None and on else (0.0, 0.0)
            wide = self.right - self.left
            self.put(
                item,
                pmin=(self.left + a * wide, self.y + 1),
                pmax=(self.left + b * wide, self.y + self.h - 1),
                show=bool(on),
            )
        now = self.data.get("now")
        x = self.left + (self.right - self.left) * min(1.0, max(0.0, float(now or 0.0)))
        self.put(self.head, points=[[x, self.y + 2], [x, self.y + self.h - 2]], show=now is not None)

    def _bars(self, peaks: np.ndarray) -> None:
        if not len(peaks):
            return
        edges = np.linspace(0, len(peaks), self.count + 1)
        half, tall = self.y + self.h / 2, self.h / 2 - 4
        top = max(float(peaks.max()), 0.05)
        for i, item in enumerate(self.bars):
            a, b = int(edges[i]), max(int(edges[i]) + 1, int(edges[i + 1]))
            reach = max(0.6, tall * float(peaks[a:b].max()) / top) if a < len(peaks) else 0.6
            x = self.left + (self.right - self.left) * i / (self.count - 1)
            self.put(item, points=[[x, half - reach], [x, half + reach]])


class Text(Picture):
    """The words of a prompt; those that the model does not know are underlined, and all are lit while they play."""

    def draw(self) -> None:
        self.group = dpg.add_draw_node(parent=self.plain)
        self.light = self.bar((self.x + 3, self.y + 6), (self.x + 5.5, self.y + self.h - 6), self.colour, 1.2)
        self.put(self.light, show=False)
        self.drawn: tuple[object, ...] = ()

    def refresh(self) -> None:
        text = str(self.data.get("text", ""))
        unknown = frozenset(str(word).casefold() for word in self.data.get("unknown", ()))
        playing = bool(self.data.get("playing", False))
        self.put(self.light, show=playing)
        if (text, unknown, playing) == self.drawn:
            return
        self.drawn = (text, unknown, playing)
        t = self.theme
        dpg.delete_item(self.group, children_only=True)
        room = max(1, int((self.h - 6) // 18))
        lines = font.wrapped(text or "empty", LABEL, self.w - 22, room)
        top = self.y + self.h / 2 - 9 * len(lines)
        colour = t.faint if not text else t.text
        for row, line in enumerate(lines):
            y = top + 18 * row + 9
            for start, piece, known in _pieces(line, unknown):
                a = self.x + 11 + font.width(line[:start], LABEL)
                self.text(a, y, piece, LABEL, colour if known else t.fault, parent=self.group)
                if known:
                    continue
                b = a + font.width(piece, LABEL)
                waves = [[px, y + 9 + (0.9 if i % 2 else -0.9)] for i, px in enumerate(np.arange(a, b + 1, 3.0))]
                if len(waves) > 1:
                    self.line(waves, t.fault, 1.2, parent=self.group)


class Ring(Picture):
    """The generations in flight as beads on a ring, by the steps that are done; a flash for each that is finished."""

    BEADS = 8

    def draw(self) -> None:
        t = self.theme
        side = min(self.h, 0.56 * self.w, 96.0)
        self.middle, self.radius = (self.x + side / 2 + 3, self.y + self.h / 2), side / 2 - 11
        cx, cy = self.middle
        self.flash = self.shine((cx, cy), self.radius + 12, fade(self.colour, 0))
        self.line(arc(cx, cy, self.radius, 0, 1, 72), fade(self.colour, 0.2), 5)
        self.window = self.line(arc(cx, cy, self.radius, 0, 1, 72), fade(self.colour, 0.55), 5)
        self.put(self.window, show=False)
        for i in range(8):
            ends = [list(circle(cx, cy, self.radius + r, i / 8)) for r in (-4, 4)]
            self.line(ends, t.well, 2.2)
        self.beads: list[tuple[Item, Item]] = []
        left = cx + self.radius + 20
        self.wide = self.x + self.w - left - 4
        self.texts = [
            self.text(left, cy - 18, "", LABEL, t.text, parent=self.plain),
            self.text(left, cy, "", LABEL, t.label),
            self.text(left, cy + 17, "", SMALL, t.faint),
        ]
        self.count, self.lit = -1, 0.0

    def _bead(self) -> tuple[Item, Item]:
        return self.shine(self.middle, 11, fade(self.colour, 0.5)), self.dot(self.middle, 4.4, self.colour)

    def refresh(self) -> None:
        beads = list(self.data.get("beads", ()))[: self.BEADS]
        for place, (glow, dot) in enumerate(self.grow(self.beads, len(beads), self._bead)):
            if place >= len(beads):
                self.hide(glow, dot)
                continue
            share, strength = float(beads[place][0]), float(beads[place][1]) if len(beads[place]) > 1 else 1.0
            x, y = circle(*self.middle, self.radius, min(1.0, max(0.0, share)))
            r = 2.8 + 2.4 * min(1.0, max(0.0, strength))
            self.put(glow, pmin=(x - 2.6 * r, y - 2.6 * r), pmax=(x + 2.6 * r, y + 2.6 * r), show=True)
            self.put(dot, center=(x, y), radius=r, show=True)
        finished = int(self.data.get("finished", 0))
        self.lit = (
            1.0 if self.count >= 0 and finished != self.count else max(self.lit * 0.8, self.glow_of("gate", 0, 0.2))
        )
        self.count = finished
        self.put(self.flash, color=fade(self.colour, round(0.4 * self.lit, 2)))
        names = self.names("window")
        if "from" in names and "to" in names:
            a, b = (min(1.0, max(0.0, self.share("window", names.index(n)))) for n in ("from", "to"))
            self.put(self.window, points=arc(*self.middle, self.radius, a, max(b, a + 0.004), 72), show=True)
        self._say(len(beads))

    def _say(self, flying: int) -> None:
        """Says how many there are, when the next one is heard, and how long a tick takes."""
        lines, short = ["", "", ""], self.wide < 90
        if "beads" in self.data or "depth" in self.data:
            depth = self.data.get("depth")
            lines[0] = (f"{flying} of {depth}" if depth else f"{flying}") + ("" if short else " in flight")
        if self.data.get("heard_in") is not None:
            lines[1] = f"{'in' if short else 'heard in'} {max(0.0, float(self.data['heard_in'])):.1f} s"
        if self.data.get("tick") is not None:
            lines[2] = f"{'' if short else 'tick '}{1000 * float(self.data['tick']):.0f} ms"
        for item, line, size in zip(self.texts, lines, (LABEL, LABEL, SMALL), strict=True):
            self.put(item, text=font.fitted(line, size, self.wide))


class Surface(Picture):
    """The gains of the groups of channels over the last seconds as a heat map, with bars of what they are now."""

    COLUMNS, ROWS = 48, 8

    def draw(self) -> None:
        self.texture = self.brush.changing(self.COLUMNS, self.ROWS)
        self.left, self.right = self.x + 5, self.x + self.w - 42
        corners = (self.left, self.y + 5), (self.right, self.y + self.h - 5)
        self.image = dpg.draw_image(self.texture, *corners, parent=self.plain)
        dpg.draw_rectangle(*corners, color=fade(self.theme.edge, 0.6), parent=self.plain)
        self.bars: list[Item] = []
        self.shown = np.zeros((self.ROWS, self.COLUMNS))

    def close(self) -> None:
        self.brush.forget(self.texture)

    def refresh(self) -> None:
        values = self.history("gain")[: self.ROWS]
        if not len(values):
            return
        lo, hi = self.span("gain", 0)
        if not math.isfinite(hi - lo) or hi <= lo:
            lo, hi = 0.0, 2.0
        places = np.linspace(0, values.shape[1] - 1, self.COLUMNS).round().astype(int)
        heat = np.clip((np.nan_to_num(values[:, places]) - lo) / (hi - lo), 0, 1)
        rows = heat[np.arange(self.ROWS) * len(heat) // self.ROWS][::-1]
        if np.abs(rows - self.shown).max() > 0.015:
            self.shown = rows
            dark, colour, bright = (np.array(c, float) / 255 for c in (self.theme.well, self.colour, self.theme.text))
            low, high = np.minimum(rows * 2, 1)[..., None], np.maximum(rows * 2 - 1, 0)[..., None]
            pixels = dark + (colour - dark) * low
            pixels = pixels + 0.75 * (bright - pixels) * high
            pixels[..., 3] = 1.0
            dpg.set_value(self.texture, pixels.ravel().tolist())
        step = (self.h - 10) / self.ROWS
        tint = mix(self.colour, self.theme.text, 0.2)
        for place, bar in enumerate(self.grow(self.bars, self.ROWS, lambda: self.bar((0, 0), (0, 0), tint, 1))):
            top = self.y + 5 + place * step
            wide = 34 * float(rows[place, -1])
            self.put(
                bar,
                pmin=(self.right + 4, top + 0.8),
                pmax=(self.right + 4 + max(1.0, wide), top + step - 0.8),
                show=True,
            )


class Lanes(Picture):
    """The numbers along the song of each control that has one for each frame, and the playhead."""

    MOST = 4

    def draw(self) -> None:
        t = self.theme
        flat = [[self.x + 6, self.y + self.h / 2], [self.x + self.w - 6, self.y + self.h / 2]]
        self.hues = [self.colour, t.ports["curve"], t.ports["surface"], t.ports["value"]]
        self.lines = [
            (
                self.line(flat, fade(t.track, 0.45), 1),
                self.line(flat, hue, 1.7),
            )
            for hue in self.hues
        ]
        self.tags = [self.tag(SMALL, mix(hue, t.label, 0.4)) for hue in self.hues]
        self.head = self.line(flat, fade(t.text, 0.8), 1.4)
        for item in (self.head, *(i for row in self.lines for i in row)):
            self.put(item, show=False)

    def refresh(self) -> None:
        lanes: dict[str, np.ndarray] = {n: np.asarray(v, float) for n, v in dict(self.data.get("lanes", {})).items()}
        if not lanes:
            names, values = self.names("control"), self.history("control")
            lanes = {n: values[i] for i, n in enumerate(names) if i < len(values)}
        shown = list(lanes.items())[: self.MOST]
        if not shown:
            return
        tall = (self.h - 6) / len(shown)
        for place, items in enumerate(self.lines):
            if place >= len(shown):
                for item in items:
                    self.put(item, show=False)
                self.put_tag(self.tags[place], "", self.x, self.y, SMALL)
                continue
            name, values = shown[place]
            values = np.nan_to_num(values if len(values) > 1 else np.repeat(values, 2) if len(values) else np.zeros(2))
            values = resampled(values, 96)
            top, low = self.y + 3 + place * tall + 3, self.y + 3 + (place + 1) * tall - 3
            lo, hi = min(0.0, float(values.min())), max(1.0, float(values.max()))
            points = np.stack(
                [
                    np.linspace(self.x + 6, self.x + self.w - 6, len(values)),
                    low - (low - top) * (values - lo) / (hi - lo),
                ],
                1,
            )
            self.put(items[0], points=[[self.x + 6, low], [self.x + self.w - 6, low]], show=True)
            self.put_line(items[1:2], points)
            said = font.fitted(name.replace("_", " "), SMALL, self.w - 18) if tall > 15 else ""
            self.put_tag(self.tags[place], said, self.x + 9, (top + low) / 2 if tall < 30 else top + 7, SMALL)
        now = self.data.get("now")
        x = self.x + 6 + (self.w - 12) * min(1.0, max(0.0, float(now or 0.0)))
        self.put(self.head, points=[[x, self.y + 3], [x, self.y + self.h - 3]], show=now is not None)


class Tape(Picture):
    """File, length and size of a recording, with reels that turn while it runs."""

    def draw(self) -> None:
        t = self.theme
        r = min(13.0, self.h / 2 - 6)
        self.reels: list[tuple[float, float, float, list[Item]]] = []
        for i in range(2):
            cx, cy = self.x + 10 + r + i * (2 * r + 6), self.y + self.h / 2
            dpg.draw_circle((cx, cy), r, color=t.track, fill=fade(t.track, 0.35), thickness=1.4, parent=self.plain)
            spokes = [self.line([list(circle(cx, cy, q, s / 3)) for q in (4, r - 3)], t.label, 1.6) for s in range(3)]
            dpg.draw_circle((cx, cy), 3, color=CLEAR, fill=t.label, parent=self.plain)
            self.reels.append((cx, cy, r, spokes))
        left = self.x + 24 + 4 * r
        self.wide = self.x + self.w - left - 8
        self.left = left
        self.lamp = self.dot((self.x + self.w - 12, self.y + 12), 4, t.track)
        self.name = self.text(left, self.y + self.h / 2 - 8, "", LABEL, t.text, parent=self.plain)
        self.size = self.text(left, self.y + self.h / 2 + 9, "", SMALL, t.label)

    def refresh(self) -> None:
        running, seconds = bool(self.data.get("running", False)), float(self.data.get("seconds", 0.0))
        self.put(self.lamp, fill=self.theme.fault if running else self.theme.track)
        self.put(
            self.name,
            text=font.fitted(PurePath(str(self.data.get("name", ""))).name or "no recording", LABEL, self.wide - 16),
        )
        size = float(self.data.get("bytes", 0)) / 1e6
        said = f"{int(seconds // 60)}:{seconds % 60:04.1f}" + (f"   {size:.1f} MB" if size else "")
        self.put(self.size, text=font.fitted(said, SMALL, self.wide))
        for cx, cy, r, spokes in self.reels:
            for s, item in enumerate(spokes):
                turn = s / 3 + seconds * 0.3
                self.put(item, points=[list(circle(cx, cy, q, turn)) for q in (4, r - 3)])


def _pieces(line: str, unknown: frozenset[str]) -> list[tuple[int, str, bool]]:
    """Cuts a line into pieces: where each begins, the piece, and whether it is known. A set may hold phrases."""
    bad = np.zeros(len(line), bool)
    low = line.casefold()
    for word in unknown:
        start = low.find(word) if word and len(low) == len(line) else -1
        while start >= 0:
            end = start + len(word)
            if (start == 0 or not low[start - 1].isalnum()) and (end >= len(low) or not low[end].isalnum()):
                bad[start:end] = True
            start = low.find(word, end)
    edges = [0, *(np.flatnonzero(np.diff(bad.astype(int))) + 1).tolist(), len(line)]
    return [(a, line[a:b], not bad[a]) for a, b in pairwise(edges) if b > a]
