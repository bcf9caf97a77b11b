"""The strip along the window's lower edge: the whole song, what is made of it, and what is about to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.link.song_facts import SongFacts
from demon_patch.editor.look.theme import fade, mix
from demon_patch.editor.look.waveform import Wave, lay, picture, sampled
from demon_patch.editor.panels.sheet import Paper, Sheet
from demon_patch.editor.panels.strip_hands import HEIGHT, LANE, MARGIN, TOP, WAVE, StripHands, downbeat, ruler
from demon_patch.engine.controls import CONTROLS

LANES = 4  # that are drawn
DRY = 4.0  # pixels that the band of the recording's share is high
HATCH = 7.0  # pixels from one stroke of a hatch to the next


class SongStrip:
    """Draws the strip: the song when it has changed, the playhead on a sheet of its own."""

    def __init__(self, paper: Paper, link: Link, facts: SongFacts) -> None:
        self._link, self._facts = link, facts
        self.sheet = Sheet(paper, (0.0, 0.0, 100.0, HEIGHT))
        self.top = Sheet(paper, (0.0, 0.0, 100.0, HEIGHT))
        self.hands = StripHands(link)
        self._face: object = None
        self._top_face: object = None

    def place(self, y: float, width: float) -> None:
        """Lays it at a height of the window."""
        for sheet in (self.sheet, self.top):
            sheet.place((0.0, y, width, y + HEIGHT))
        self._face = self._top_face = None

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the window."""
        self.hands.pointer(replace(look, y=look.y - self.sheet.y))

    def draw(self, now: float, song: float) -> bool:
        """Draws it if that is needed; returns whether it was. song: where the song stands, 0 to 1."""
        status, facts = self._link.status, self._facts
        made = ruler(self.sheet.w, status, self._link.patch)
        made = replace(made, first=round(made.first, 2))
        self.hands.ruler = made
        loop = status.get("loop")
        face = (
            made,
            id(facts.song),
            id(facts.source),
            id(facts.dry),
            id(facts.lanes),
            loop,
            self.hands.draft,
            self.hands.flag,
        )
        changed = face != self._face
        if changed:
            self._face = face
            self._draw_song(status)
        making = facts.stretch(status.get("making"))
        waiting = tuple((each["label"], round(each["seconds"], 1)) for each in status.get("waiting", ()))
        hover = None if self.hands.hover is None else round(made.x(self.hands.hover))
        top = round(song * self.sheet.w, 1), making, waiting, hover, self.sheet.w
        if top != self._top_face:
            self._top_face = top
            self._draw_top(song, making, waiting)
            changed = True
        return changed

    @property
    def _low(self) -> float:
        """The lower edge of the waveforms: deeper where there are no lanes."""
        return TOP + WAVE + (0.0 if self._facts.lanes else LANE)

    # -- the song ------------------------------------------------------------------------------------------------
    def _draw_song(self, status: Mapping[str, Any]) -> None:
        t, s, rule = self.sheet.theme, self.sheet, self.hands.ruler
        s.clear()
        s.box((0, 0, s.w, HEIGHT), fill=t.panel)
        s.line((0, 0.5), (s.w, 0.5), t.edge, 1.5)
        s.box((MARGIN, TOP, s.w - MARGIN, self._low), fill=t.well, rounding=4)
        loop = self.hands.draft or status.get("loop")
        if loop:
            left, right = rule.x(loop[0]), rule.x(loop[1])
            s.box((left, TOP, right, self._low), fill=fade(t.accent, 0.10))
            s.box((left, TOP - 5, right, TOP - 2), fill=t.accent, rounding=1.5)
        for at, bar, number in rule.beats():
            x = rule.x(at)
            s.line((x, TOP), (x, self._low), fade(t.text, 0.10 if bar else 0.04), 1)
            if bar and self._room(number, rule):
                s.text(x + 3, 10, str(number), 11.5, t.faint)
        middle = (TOP + self._low) / 2
        loudest = max((float(p.max()) for p in (self._facts.song, self._facts.source) if len(p)), default=1.0) or 1.0
        waves = (
            Wave(np.asarray(self._facts.source / loudest, np.float64), fade(t.port("source"), 0.55), every=3, wide=3),
            Wave(np.asarray(self._facts.song / loudest, np.float64), t.port("audio"), every=3, wide=2),
        )
        across = (MARGIN, TOP, s.w - MARGIN, self._low - DRY - 1)
        s.picture(across, picture(waves, max(int(s.w - 2 * MARGIN), 1), max(int(across[3] - across[1]), 1)))
        self._draw_dry()
        if not len(self._facts.song):
            s.text(s.w / 2, middle, "the song appears as it is made", 14, t.faint, align=0.5)
        self._draw_lanes()
        self._draw_flag()

    def _room(self, number: int, rule: Any) -> bool:
        wide = (rule.width - 2 * MARGIN) * rule.beat * rule.per_bar / max(rule.length, 1e-9)
        step = 1
        while wide * step < 26:
            step *= 2
        return (number - 1) % step == 0

    def _draw_dry(self) -> None:
        """A band under the waves: the more of the source itself is heard, the brighter."""
        t, s, dry = self.sheet.theme, self.sheet, self._facts.dry
        if not len(dry) or float(dry.max()) < 0.005:
            return
        top, low = self._low - DRY, self._low
        band = np.zeros((1, min(len(dry), 512), 4), np.float32)
        lay(band, 0.08 + 0.92 * np.clip(sampled(dry, band.shape[1]), 0.0, 1.0)[None, :], t.port("source"))
        s.picture((MARGIN, top, s.w - MARGIN, low), band)
        s.text(MARGIN + 5, top - 6, "source", 11, fade(t.port("source"), 0.9))

    def _draw_lanes(self) -> None:
        t, s = self.sheet.theme, self.sheet
        top = TOP + WAVE + 5
        shown = [(name, lane) for name, lane in self._facts.lanes.items() if len(lane) > 1][:LANES]
        colours = [t.port("curve"), t.port("surface"), t.port("value"), t.port("prompt")]
        for place, (name, lane) in enumerate(shown):
            row = CONTROLS.get(name)
            lo, hi = (float(row.lo), float(row.hi)) if row is not None else (float(lane.min()), float(lane.max()))
            y = np.clip((lane - lo) / max(hi - lo, 1e-9), 0.0, 1.0)
            xs = np.linspace(MARGIN, s.w - MARGIN, len(lane))
            keep = np.linspace(0, len(lane) - 1, min(len(lane), 256)).astype(int)
            points = list(zip(xs[keep].tolist(), (top + (LANE - 4) * (1.0 - y[keep])).tolist(), strict=True))
            colour = colours[place % len(colours)]
            s.path(points, fade(colour, 0.85), 1.4)
            title = row.title if row is not None else name
            s.text(s.w - MARGIN - 4 - 130 * place, top + LANE - 8, title, 11.5, colour, align=1)

    def _draw_flag(self) -> None:
        t, s = self.sheet.theme, self.sheet
        found = downbeat(self._link.patch)
        if found is None:
            return
        at = self.hands.flag if self.hands.flag is not None else max(found[1], 0.0)
        x = self.hands.ruler.x(at)
        colour = t.accent if found[1] >= 0 or self.hands.flag is not None else t.faint
        s.line((x, 4), (x, self._low), fade(colour, 0.8), 1.4)
        s.shape([(x, 3), (x + 10, 7.5), (x, 12)], colour)

    # -- what moves ----------------------------------------------------------------------------------------------
    def _draw_top(self, song: float, making: Any, waiting: tuple[tuple[str, float], ...]) -> None:
        t, s, rule = self.top.theme, self.top, self.hands.ruler
        s.clear()
        across = s.w - 2 * MARGIN
        if making is not None:
            for shift in (0.0, -1.0):
                left, right = max(making[0] + shift, 0.0), min(making[0] + making[1] + shift, 1.0)
                if right > left:
                    rect = (MARGIN + across * left, TOP, MARGIN + across * right, self._low)
                    s.box(rect, fill=fade(t.text, 0.06), edge=fade(t.text, 0.35), rounding=3)
        x = MARGIN + across * song
        for place, (label, seconds) in enumerate(waiting[:4]):
            at = rule.x((song * rule.length + seconds) % rule.length) if rule.length else x
            self._hatch(at, min(at + self._bar, s.w - MARGIN))
            s.text(min(at + 5, s.w - 190), TOP + 9 + 14 * place, f"{label} in {seconds:.1f} s", 12.5, t.warning)
        s.line((x, TOP - 6), (x, self._low + 2), t.accent, 1.8)
        s.shape([(x - 4.5, TOP - 8), (x + 4.5, TOP - 8), (x, TOP - 1)], t.accent)
        if self.hands.hover is not None and rule.length:
            at = rule.x(self.hands.hover)
            s.line((at, TOP), (at, self._low), mix(t.well, t.text, 0.5), 1)
            minutes, rest = divmod(self.hands.hover, 60)
            s.text(at + 4, self._low - 8, f"{int(minutes)}:{rest:04.1f}", 12, t.label)

    @property
    def _bar(self) -> float:
        """The pixels of a bar; of two seconds where there are no beats."""
        rule = self.hands.ruler
        seconds = rule.beat * max(rule.per_bar, 1.0) or 2.0
        return max(rule.x(seconds) - rule.x(0.0), 12.0)

    def _hatch(self, left: float, right: float) -> None:
        """Marks where a change begins to be heard, by a line and a hatch."""
        t, s, top, low = self.top.theme, self.top, TOP, self._low
        tall = low - top
        for start in np.arange(left - tall, right, HATCH).tolist():
            a, b = max(start, left), min(start + tall, right)
            if b > a:
                s.line((a, low - (a - start)), (b, low - (b - start)), fade(t.warning, 0.4), 1.0)
        s.line((left, top - 3), (left, low), t.warning, 1.8)
