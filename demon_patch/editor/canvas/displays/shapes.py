"""Displays of shapes: waves, envelopes, drawn lines, curves over the song, and what goes out by what comes in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.displays.base import Picture, resampled
from demon_patch.editor.canvas.scene_brush import Item
from demon_patch.editor.look.theme import fade, mix

POINTS = 72


class _Shape(Picture):
    """A line with a bead on it."""

    def draw(self) -> None:
        t, x, y, w, h = self.theme, self.x, self.y, self.w, self.h
        self.left, self.right, self.top, self.low = x + 7, x + w - 7, y + 7, y + h - 7
        self.axis = self.line([[x + 4, y + h / 2], [x + w - 4, y + h / 2]], fade(t.track, 0.5), 1)
        flat = [[self.left, self.low], [self.right, self.low]]
        self.shape = self.soft_line(flat, self.colour)
        self.behind = self.line(flat, mix(self.colour, t.text, 0.6), 2.4)
        self.glow = self.shine((self.left, self.low), 12, fade(self.colour, 0.55))
        self.bead = self.dot((self.left, self.low), 3.6, t.text)
        for item in (self.behind, self.glow, self.bead):
            self.put(item, show=False)

    def move_bead(self, x: float, y: float, on: bool = True) -> None:
        """Puts the bead on a point."""
        self.put(self.glow, pmin=(x - 12, y - 12), pmax=(x + 12, y + 12), show=on)
        self.put(self.bead, center=(x, y), show=on)

    def place(self, xs: Array, ys: Array) -> Array:
        """Returns points of the picture: xs and ys are shares, ys upward."""
        return np.stack(
            [self.left + (self.right - self.left) * xs, self.low - (self.low - self.top) * np.clip(ys, 0, 1)], 1
        )


class Cycle(_Shape):
    """One cycle of a wave, with a bead where it is."""

    def draw(self) -> None:
        super().draw()
        self.seen = np.full(POINTS, np.nan)

    def refresh(self) -> None:
        places, share = self.now("place"), 0.0
        if len(places):
            share = float(places[0]) % 1.0
        shape = str(self.data.get("shape", ""))
        levels = wave(shape, self.named("knob", "width", float(self.data.get("width", 0.5))))
        values = self.history("value")
        if levels is None:
            levels = self._learned(values)
        points = self.place(np.linspace(0, 1, len(levels)), levels)
        self.put_line(self.shape, points)
        level = float(np.interp(share, np.linspace(0, 1, len(levels)), levels))
        if len(values):
            level = self.share("value")
        bead = self.place(np.array([share]), np.array([level]))[0]
        self.move_bead(float(bead[0]), float(bead[1]), bool(len(places)))

    def _learned(self, values: Array) -> Array:
        """The wave as it was heard lately, where its form is random."""
        places = self.history("place")
        if not len(places) or not len(values):
            return np.full(POINTS, 0.5)
        lo, hi = self.span("value")
        known = np.isfinite(places[0]) & np.isfinite(values[0])
        turns, levels = places[0][known] % 1.0, (values[0][known] - lo) / (hi - lo)
        self.seen[np.clip((turns * POINTS).astype(int), 0, POINTS - 1)] = levels
        filled = np.flatnonzero(np.isfinite(self.seen))
        return np.interp(np.arange(POINTS), filled, self.seen[filled]) if filled.size else np.full(POINTS, 0.5)


class Envelope(_Shape):
    """The form that the knobs give, with a bead at the present level."""

    def draw(self) -> None:
        super().draw()
        self.put(self.axis, show=False)
        self.parts: tuple[Any, ...] = ()
        self.corners: list[tuple[float, float]] = []
        self.points = np.zeros((2, 2))

    def refresh(self) -> None:
        names = self.names("part")
        parts = (
            self.named("part", "attack", 0.1), self.named("part", "hold", -1.0), self.named("part", "decay", 0.3),
            self.named("part", "sustain", 0.6) if "sustain" in names else -1.0, self.named("part", "release", 0.5),
            str(self.data.get("curve", "straight")),
        )  # fmt: skip
        if parts != self.parts:
            self.parts = parts
            self._form(*parts)
        values = self.history("value")
        if not len(values):
            self.move_bead(0, 0, False)
            return
        row = np.nan_to_num(values[0])
        level, before = float(row[-1]), float(row[-2]) if len(row) > 1 else 0.0
        self.move_bead(*self._at(level, level - before), level > 0.002)

    def _form(self, attack: float, hold: float, decay: float, sustain: float, release: float, curve: str) -> None:
        stays = max(0.0, sustain)
        lengths = [attack, max(0.0, hold), decay, 0.0, release if sustain >= 0 else 0.0]
        widths = np.sqrt(np.array(lengths)) + np.array([0.02, 0, 0.02, 0, 0.02 if sustain >= 0 else 0])
        if sustain >= 0:
            widths[3] = 0.22 / 0.78 * widths.sum()
        ends = np.concatenate([[0.0], np.cumsum(widths) / widths.sum()])
        bent = curve == "exponential"
        u = np.linspace(0, 1, 14)
        rise, fall = u, 1 - u
        if bent:
            rise = (1 - np.exp(-1.5 * u)) / (1 - math.exp(-1.5))
            fall = (np.exp(-4 * u) - math.exp(-4)) / (1 - math.exp(-4))
        xs = np.concatenate([a + (b - a) * u for a, b in pairwise(ends)])
        ys = np.concatenate([rise, np.ones(14), stays + (1 - stays) * fall, np.full(14, stays), stays * fall])
        self.levels = ys
        self.points = self.place(xs, ys)
        self.put_line(self.shape, self.points)

    def _at(self, level: float, slope: float) -> tuple[float, float]:
        """Where on the form a level lies: on its way up where it rises, else on its way down."""
        ys = self.levels
        sustain = self.parts[3]
        if slope > 1e-4:
            part = slice(0, 14)
        elif abs(slope) <= 1e-4 and level > 0.995:
            part = slice(14, 28)
        elif sustain >= 0 and abs(level - sustain) < 1e-3:
            part = slice(42, 56)
        elif sustain >= 0 and level < sustain:
            part = slice(56, 70)
        else:
            part = slice(28, 42)
        place = part.start + int(np.argmin(np.abs(ys[part] - level)))
        if part.start in (14, 42):
            place = part.start + 7
        x = self.points[place][0]
        return float(x), float(self.place(np.array([0.0]), np.array([level]))[0][1])


class Line(_Shape):
    """The points that are drawn, joined, with a bead where it is. The points have dots by which they can be dragged."""

    MOST = 16

    def draw(self) -> None:
        super().draw()
        self.dots: list[Item] = []

    def refresh(self) -> None:
        points = np.asarray(
            [(float(p[0]), float(p[1])) for p in self.data.get("points", ()) if len(p) >= 2] or [(0, 0), (1, 0)]
        )
        order = np.argsort(points[:, 0], kind="stable")
        xs, ys = points[order, 0], points[order, 1]
        left, right = float(xs[0]), max(float(xs[-1]), float(xs[0]) + 1e-9)
        lo, hi = min(0.0, float(ys.min())), max(float(ys.max()), float(ys.min()) + 1e-9, 1.0)
        corners = self.place((xs - left) / (right - left), (ys - lo) / (hi - lo))
        self.put_line(self.shape, corners)
        held = corners[: self.MOST].tolist() if len(corners) <= self.MOST else []
        fill, edge = self.theme.well, mix(self.colour, self.theme.text, 0.3)
        for place, dot in enumerate(self.grow(self.dots, len(held), lambda: self.dot((0, 0), 2.6, fill, edge, 1.3))):
            if place < len(held):
                self.put(dot, center=tuple(held[place]), show=True)
            else:
                self.hide(dot)
        places, values = self.now("place"), self.now("value")
        if not len(places):
            return
        share = min(1.0, max(0.0, (float(places[0]) - left) / (right - left)))
        level = float(values[0]) if len(values) else float(np.interp(left + share * (right - left), xs, ys))
        x, y = self.place(np.array([share]), np.array([(level - lo) / (hi - lo)]))[0]
        self.move_bead(float(x), float(y))


class CurveLine(_Shape):
    """A whole curve over the song, filled by what is played, with the playhead."""

    def draw(self) -> None:
        super().draw()
        self.put(self.axis, show=False)
        self.head = self.line(
            [[self.left, self.y + 3], [self.left, self.y + self.h - 3]], fade(self.theme.text, 0.8), 1.4
        )
        self.put(self.head, show=False)

    def refresh(self) -> None:
        values, least = np.asarray(self.data.get("curve", ()), float).ravel(), 1e-9
        if len(values) < 2:  # the hands draw in it (`hands.gestures.picture.ends_of`), so that it shows 0 to 1 at least
            values, least = drawn(self.data.get("points", ())), 1.0
        if len(values) < 2:
            return
        values = resampled(np.nan_to_num(values), 2 * POINTS)
        lo, hi = self.data.get("range", (min(0.0, values.min()), max(values.max(), values.min() + 1e-9, least)))
        levels = (values - lo) / max(hi - lo, 1e-9)
        points = self.place(np.linspace(0, 1, len(levels)), levels)
        self.put_line(self.shape, points)
        now = self.data.get("now")
        on = now is not None
        share = min(1.0, max(0.0, float(now))) if now is not None else 0.0
        x = self.left + (self.right - self.left) * share
        self.put(self.head, points=[[x, self.y + 3], [x, self.y + self.h - 3]], show=on)
        played = points[: max(2, round(share * (len(points) - 1)) + 1)]
        self.put(self.behind, points=played.tolist(), show=on)
        self.move_bead(x, float(np.interp(x, points[:, 0], points[:, 1])), on)


class Transfer(_Shape):
    """What goes out by what comes in, with a bead at the present pair; without a given curve, the pairs so far."""

    BINS = 48

    def draw(self) -> None:
        super().draw()
        self.drop = self.line([[self.left, self.low], [self.left, self.low]], fade(self.colour, 0.35), 1)
        self.put(self.drop, show=False)
        self.seen = np.full(self.BINS, np.nan)

    def refresh(self) -> None:
        ins, outs = self.history("in"), self.history("value")
        curve = self.data.get("curve")
        if curve is not None and len(curve) > 1:
            levels = np.asarray(curve, float)
            lo, hi = self.span("value") if len(outs) else (float(np.nanmin(levels)), float(np.nanmax(levels)))
            shown = np.nan_to_num((levels - lo) / max(hi - lo, 1e-9))
            self.put_line(self.shape, self.place(np.linspace(0, 1, len(shown)), shown))
        if not len(ins) or not len(outs):
            return
        (in_lo, in_hi), (lo, hi) = self.span("in"), self.span("value")
        if curve is None:
            frames = min(ins.shape[1], outs.shape[1])
            xs, ys = (ins[0][-frames:] - in_lo) / (in_hi - in_lo), (outs[0][-frames:] - lo) / (hi - lo)
            known = np.isfinite(xs) & np.isfinite(ys)
            self.seen[np.clip((xs[known] * self.BINS).astype(int), 0, self.BINS - 1)] = ys[known]
            filled = np.flatnonzero(np.isfinite(self.seen))
            if filled.size:
                points = self.place((filled + 0.5) / self.BINS, self.seen[filled])
                self.put_line(self.shape, np.repeat(points, 2, axis=0) if len(points) < 2 else points)
        x, y = self.place(np.array([self.share("in")]), np.array([self.share("value")]))[0]
        self.put(self.drop, points=[[float(x), self.low], [float(x), float(y)], [self.left, float(y)]], show=True)
        self.move_bead(float(x), float(y))


def drawn(points: Sequence[Sequence[float]]) -> Array:
    """Returns a curve through points, joined by straight lines, as numbers that are evenly spaced from 0 to 1."""
    known = sorted((float(point[0]), float(point[1])) for point in points if len(point) >= 2)
    if not known:
        return np.zeros(0)
    xs, ys = np.array(known).T
    end = 1.0 if xs[-1] <= 1.0 else float(xs[-1])
    return np.interp(np.linspace(0, end, 2 * POINTS), xs, ys)


def wave(shape: str, width: float = 0.5) -> Array | None:
    """Returns one cycle of a wave, 0 to 1; None for one whose form changes."""
    p = np.linspace(0, 1, POINTS)
    if shape == "sine":
        return 0.5 + 0.5 * np.sin(math.tau * p)
    if shape == "triangle":
        return 1 - np.abs(2 * ((p + 0.25) % 1.0) - 1)
    if shape == "saw":
        return 1 - p
    if shape == "ramp":
        return p
    if shape == "square":
        return np.where(p < width, 1.0, 0.0)
    return None
