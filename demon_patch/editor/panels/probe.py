"""The probe: what a signal was and what it will be, beside the pointer."""

from __future__ import annotations

import math

import numpy as np

from demon_patch.editor.layout.box import Point
from demon_patch.editor.link.telemetry import Telemetry
from demon_patch.editor.look.theme import fade
from demon_patch.editor.panels import probe_words
from demon_patch.editor.panels.probe_words import Probed
from demon_patch.editor.panels.sheet import Paper, Sheet

WIDTH, HEIGHT = 300.0, 152.0
PLOT = (12.0, 34.0, WIDTH - 12.0, 104.0)
PAST_SECONDS, AHEAD_FRAMES = 4.0, 75
HOVER_SECONDS = 0.25


class ProbeView:
    """Shows a signal 250 ms after the pointer has come to rest on it, for as long as it stays there."""

    def __init__(self, paper: Paper, telemetry: Telemetry) -> None:
        self.sheet = Sheet(paper, (0.0, 0.0, WIDTH, HEIGHT))
        self.sheet.show(False)
        self._telemetry = telemetry
        self.shown: Probed | None = None
        self._coming: Probed | None = None
        self._since = 0.0
        self._drawn = -1.0

    def hover(self, probed: Probed | None, at: Point, size: Point, now: float) -> None:
        """The pointer is on a signal, or on none. at: in pixels of the window. size: of the window."""
        if probed is None or (self._coming is not None and probed.point != self._coming.point):
            if self.shown is not None:
                self._telemetry.also(())
                self.sheet.show(False)
            self.shown, self._coming, self._since = None, probed, now
            return
        if self._coming is None:
            self._coming, self._since = probed, now
        if self.shown is None and now - self._since >= HOVER_SECONDS:
            self.shown, self._drawn = probed, -1.0
            self._telemetry.also((probed.point,), AHEAD_FRAMES)
            x = at[0] + 18 if at[0] + WIDTH + 24 < size[0] else at[0] - WIDTH - 18
            y = min(max(at[1] + 14, 50.0), size[1] - HEIGHT - 6)
            self.sheet.place((x, y, x + WIDTH, y + HEIGHT))
            self.sheet.show(True)

    @property
    def waits(self) -> bool:
        """Whether it will be shown soon."""
        return self._coming is not None and self.shown is None

    def draw(self, now: float) -> bool:
        """Draws it if that is needed; returns whether it was."""
        probed = self.shown
        if probed is None or now - self._drawn < 0.03:
            return False
        self._drawn = now
        tel, rate = self._telemetry, self._telemetry.rate
        frame = tel.clock.frame(now)
        past = tel.memory.at(probed.point, frame - np.linspace(PAST_SECONDS * rate, 0.0, 100))
        newest = max(math.floor(frame), tel.memory.newest)
        ahead = tel.memory.frames(probed.point, newest, AHEAD_FRAMES)
        lo, hi = probe_words.span(np.concatenate([past, ahead]), probed.range)
        t, s = self.sheet.theme, self.sheet
        s.clear()
        colour = t.port(probed.type)
        s.box((0, 0, WIDTH, HEIGHT), fill=fade(t.panel, 0.98), edge=fade(colour, 0.5), rounding=8)
        s.text(12, 18, probed.title, 15, t.text, bold=True, wide=WIDTH - 84)
        s.text(WIDTH - 12, 18, probed.type, 13, colour, align=1)
        left, top, right, bottom = PLOT
        s.box(PLOT, fill=t.well, rounding=4)
        middle = left + (right - left) * PAST_SECONDS / (PAST_SECONDS + AHEAD_FRAMES / rate)
        still = probe_words.held(ahead)

        def points(xs, values) -> list[Point]:
            y = bottom - 4 - (bottom - top - 8) * np.clip((values - lo) / max(hi - lo, 1e-9), 0.0, 1.0)
            return [(float(a), float(b)) for a, b in zip(xs, y, strict=True) if np.isfinite(b)]

        s.box((middle, top, right, bottom), fill=fade(t.text, 0.03))
        s.path(points(np.linspace(left + 2, middle, len(past)), past), colour, 1.8)
        xs = np.linspace(middle, right - 2, len(ahead))
        s.path(points(xs, ahead), t.faint if still else fade(colour, 0.6), 1.5)
        s.line((middle, top), (middle, bottom), t.accent, 1.4)
        s.text(middle + 4, top + 8, "now", 11.5, t.accent)
        s.text(12, 117, probe_words.numbers_of(past, float(past[-1]), probed.unit), 13.5, t.text, wide=WIDTH - 24)
        words = probed.words
        seconds = tel.expected.seconds((probed.point[0], probed.point[1]), frame, rate)
        if seconds is not None:
            words = f"heard in {seconds:.1f} s" + (f" · {words}" if words else "")
        elif still and not words:
            words = "its future is its newest number"
        s.text(12, 137, words, 13, t.label, wide=WIDTH - 24)
        return True
