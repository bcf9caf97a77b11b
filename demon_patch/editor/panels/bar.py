"""The bar along the window's upper edge: title, transport, tempo, song position, volume, levels and lamps."""

from __future__ import annotations

import math

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.link.song_facts import level
from demon_patch.editor.look.theme import fade, mix
from demon_patch.editor.panels import bar_words
from demon_patch.editor.panels.bar_hands import BarHands
from demon_patch.editor.panels.bar_words import HEIGHT
from demon_patch.editor.panels.protocol import Popups
from demon_patch.editor.panels.sheet import Paper, Sheet

PEAK_SECONDS = 1.5  # for which a peak stands
LATE_SECONDS = 4.0  # for which the lamp tells of late completions


class Bar:
    """Draws the bar when what it shows has changed.

    title, model, dirty: of the patch; dirty: whether edits are unsaved. words: how the connection stands, if there is
    none. clients: how many windows and programs the host has.
    """

    def __init__(self, paper: Paper, link: Link, popups: Popups) -> None:
        self._link = link
        self.sheet = Sheet(paper, (0.0, 0.0, 100.0, HEIGHT))
        self.hands = BarHands(link, popups)
        self.title, self.model, self.dirty, self.words, self.clients = "", "", False, "", 0
        self._face: object = None
        self._peaks: list[tuple[float, float]] = []
        self._late: tuple[float, int] = (0.0, 0)

    def resize(self, width: float) -> None:
        """Follows the window's width."""
        self.sheet.place((0.0, 0.0, width, HEIGHT))
        self._face = None

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the window."""
        self.hands.pointer(look)

    def draw(self, now: float, song: float) -> bool:
        """Draws it if that is needed; returns whether it was. song: where the song stands, 0 to 1."""
        status, w = self._link.status, self.sheet.w
        title = self.title or "Untitled"
        if self.hands.parts.keys() == set() or self._face is None:
            self.hands.parts = bar_words.parts(w, title, self.model)
        levels = self._levels(now)
        if int(status.get("late", 0)) < self._late[1] or now - self._late[0] > LATE_SECONDS:
            self._late = now, int(status.get("late", 0))
        lamp = bar_words.lamp(status, self._late[1])
        face = (
            w, title, self.model, self.dirty, self.words, self.clients, bar_words.clock(status),
            bar_words.tempo(status), bool(status.get("playing")), round(song * 220),
            tuple(round(120 * x) for x, _ in levels),
            tuple(round(120 * y) for _, y in levels), lamp, status.get("recording"), status.get("volume_db"),
            self.hands.hot, bar_words.device(status, self.words), status.get("muted"), status.get("bypass"),
        )  # fmt: skip
        if face == self._face:
            return False
        if self._face is not None and face[:4] != self._face[:4]:  # type: ignore[index]
            self.hands.parts = bar_words.parts(w, title, self.model)
        self._face = face
        self.sheet.clear()
        self._draw_ground()
        self._draw_title(title, now)
        self._draw_transport(status, song)
        self._draw_right(status, levels, lamp)
        return True

    def _levels(self, now: float) -> list[tuple[float, float]]:
        """The levels and held peaks by channel, 0 to 1."""
        found = [(level(rms), level(peak)) for peak, rms in self._link.status.get("levels", ())] or [(0.0, 0.0)] * 2
        self._peaks += [(0.0, 0.0)] * (len(found) - len(self._peaks))
        made = []
        for place, (loud, peak) in enumerate(found):
            held, at = self._peaks[place]
            if peak >= held or now - at > PEAK_SECONDS:
                self._peaks[place] = held, at = peak, now
            made.append((loud, held))
        return made

    # -- parts ---------------------------------------------------------------------------------------------------
    def _draw_ground(self) -> None:
        t, s = self.sheet.theme, self.sheet
        s.box((0, 0, s.w, HEIGHT), fill=t.panel)
        s.line((0, HEIGHT - 0.5), (s.w, HEIGHT - 0.5), t.edge, 1.5)
        hot = self.hands.hot
        if hot in ("play", "tap", "record", "tempo", "title", "logo", "clients", "lamp") and hot in self.hands.parts:
            left, top, right, bottom = self.hands.parts[hot]
            s.box((left - 3, top + 2, right + 3, bottom - 2), fill=fade(t.raised, 0.7), rounding=7)

    def _draw_title(self, title: str, now: float) -> None:
        t, s, middle = self.sheet.theme, self.sheet, HEIGHT / 2
        playing = bool(self._link.status.get("playing"))
        ivory, amber = t.port("ring"), t.port("value")
        s.dot((26, middle), 9, edge=fade(ivory, 0.35), line=3)
        turn = float(self._link.status.get("beat", 0.0)) / 16 if playing else 0.0
        for bead in range(4):
            angle = -math.pi / 2 + math.tau * (bead / 4 + turn) + 0.5
            s.dot((26 + 9 * math.cos(angle), middle + 9 * math.sin(angle)), 2.6, fill=amber if bead == 0 else ivory)
        left, _, right, _ = self.hands.parts["title"]
        wide = s.text(left, middle, title, 18, t.text, bold=True, wide=max(right - left - 14, 20))
        x = left + wide + 9
        if self.dirty:
            s.dot((x + 2, middle + 1), 3.2, fill=t.accent)
            x += 13
        words = bar_words.device(self._link.status, self.words)
        room = self.hands.parts["play"][0] - x - 14
        said, colour = (words, t.warning) if words else (self.model, t.faint)
        if room > 40:
            s.text(x, middle + 0.5, said, 14.5, colour, wide=room)

    def _draw_transport(self, status, song: float) -> None:
        t, s, middle = self.sheet.theme, self.sheet, HEIGHT / 2
        parts = self.hands.parts
        x = (parts["play"][0] + parts["play"][2]) / 2
        s.dot((x, middle), 15, fill=t.accent if status else t.track)
        ink = t.ground if t.name == "dark" else t.body
        if status.get("playing"):
            for dx in (-4.5, 1.5):
                s.box((x + dx, middle - 6, x + dx + 3.4, middle + 6), fill=ink, rounding=1)
        else:
            s.shape([(x - 4.5, middle - 6.5), (x - 4.5, middle + 6.5), (x + 7, middle)], ink)
        s.text(parts["clock"][0], middle, bar_words.clock(status), 19, t.text, bold=True)
        s.text(parts["tempo"][0] + 6, middle, bar_words.tempo(status), 15.5, t.label)
        left, _, right, _ = parts["tap"]
        s.box((left, middle - 11, right, middle + 11), fill=t.field, edge=fade(t.text, 0.1), rounding=6)
        s.text((left + right) / 2, middle, "tap", 14, t.label, align=0.5)
        if "song" in parts:
            left, _, right, _ = parts["song"]
            at = left + (right - left) * song
            s.box((left, middle - 2, right, middle + 2), fill=t.field, rounding=2)
            s.box((left, middle - 2, at, middle + 2), fill=t.accent, rounding=2)
            s.dot((at, middle), 5, fill=t.text)

    def _draw_right(self, status, levels: list[tuple[float, float]], lamp: tuple[str, str]) -> None:
        t, s, middle = self.sheet.theme, self.sheet, HEIGHT / 2
        parts = self.hands.parts
        left, _, right, _ = parts["levels"]
        for place, (loud, peak) in enumerate(levels[:2]):
            y = middle + (10 * place - 5 if len(levels) > 1 else 0)
            s.box((left, y - 2.5, right, y + 2.5), fill=t.field, rounding=2.5)
            if loud > 0.01:
                s.box((left, y - 2.5, left + (right - left) * loud, y + 2.5), fill=t.port("audio"), rounding=2.5)
            if peak > 0.02:
                x = left + (right - left) * peak
                s.line((x, y - 2.5), (x, y + 2.5), t.fault if peak >= 0.999 else mix(t.port("audio"), t.text, 0.6), 1.6)
        left, _, right, _ = parts["volume"]
        share = bar_words.volume_share(float(status.get("volume_db", 0.0)))
        knob = left + 8, middle
        s.dot(knob, 8, fill=t.knob, edge=t.track, line=2)
        angle = math.radians(135 + 270 * share)
        s.line(knob, (knob[0] + 7 * math.cos(angle), knob[1] + 7 * math.sin(angle)), t.text, 2)
        said = "muted" if status.get("muted") else bar_words.volume(float(status.get("volume_db", 0.0)))
        s.text(left + 24, middle, said, 15, t.warning if status.get("muted") else t.label)
        if "lamp" in parts and lamp[0]:
            left, _, right, _ = parts["lamp"]
            s.dot((left + 30, middle), 4, fill=getattr(t, lamp[1]))
            s.text(right, middle, lamp[0], 14, t.label, align=1)
        if "record" in parts:
            left, _, right, _ = parts["record"]
            on = bool(status.get("recording"))
            s.dot(((left + right) / 2, middle), 7, fill=t.fault if on else fade(t.fault, 0.35), edge=fade(t.fault, 0.8))
        if "clients" in parts and self.clients > 1:
            left, _, right, _ = parts["clients"]
            s.text(right, middle, f"{self.clients} here", 13, t.faint, align=1)
