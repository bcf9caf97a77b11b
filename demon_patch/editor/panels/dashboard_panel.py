"""The dashboard as a panel over the canvas, or as all of a window: draws the widgets, and passes the pointer on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from demon_patch.editor.dashboard import touch
from demon_patch.editor.dashboard.faces import Face, bounds
from demon_patch.editor.dashboard.hands import DashboardHands
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.look.theme import fade, mix
from demon_patch.editor.panels.protocol import Popups
from demon_patch.editor.panels.sheet import Paper, Sheet

WIDTH = 560.0
"""The width of the panel beside the canvas."""
BAR = 44.0
"""The height of the heading."""
MOST = 1.6
"""How much larger than usual widgets become in a window of their own."""
Now = Callable[[str, str], float | None]
"""Where modulation has a port now, 0 to 1; None where nothing moves it."""


class DashboardPanel:
    """Draws the dashboard of the patch. whole: it fills the window, and its widgets grow with it."""

    def __init__(
        self,
        paper: Paper,
        link: Link,
        facts: Facts,
        popups: Popups,
        now: Now = lambda node, port: None,
        whole: bool = False,
    ) -> None:
        self.sheet = Sheet(paper, (0.0, 0.0, WIDTH, 100.0))
        self.sheet.show(False)
        self.hands = DashboardHands(link, facts, popups, self._pixel)
        self._link, self._now, self._whole = link, now, whole
        self.words = ""
        """What is said in place of widgets, while there is no connection."""
        self._face: object = None
        self._scroll = 0.0

    # -- as a panel ----------------------------------------------------------------------------------------------
    def opened(self) -> None:
        """It is shown now."""
        self._face = None
        self.hands.locked = bool(self._link.patch.dashboard)
        self.sheet.show(True)

    def closed(self) -> None:
        """It is hidden now."""
        self.hands.cancel()
        self.sheet.show(False)

    def place(self, rect: Rect) -> None:
        """Lays it out on the right side, or in the whole window."""
        left, top, right, bottom = rect
        self.sheet.place(rect if self._whole else (max(left, right - WIDTH), top, right, bottom))
        self._face = None

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel of the window lies on it."""
        return self.sheet.holds(x, y)

    def key(self, press: KeyPress) -> bool:
        """Takes a key; returns whether it was for the panel."""
        return press.down and press.name == "escape" and self.hands.cancel()

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the window."""
        x, y = look.x - self.sheet.x, look.y - self.sheet.y
        if 0 <= y < BAR and look.left and x > self.sheet.w - 110 and not self.hands.busy:
            if not self._on_lock:
                self.hands.toggle_lock()
                self._face = None
            self._on_lock = True
            return
        self._on_lock = look.left and self._on_lock
        if look.wheel and self.hands.lit.part == "ground":
            room = max(0.0, bounds(self._link.patch)[3] * self.scale - self.sheet.h + BAR + 20)
            self._scroll = min(max(self._scroll - 60.0 * look.wheel, 0.0), room)
            self._face = None
        k = self.scale
        self.hands.pointer(replace(look, x=x / k, y=(y - BAR + self._scroll) / k))

    _on_lock = False

    @property
    def scale(self) -> float:
        """How large widgets are drawn."""
        _, _, right, low = bounds(self._link.patch)
        if not right or not low:
            return 1.0
        room = (self.sheet.w - 20.0) / (right + 20.0)
        if not self._whole:
            return min(1.0, max(0.5, room))
        return min(MOST, max(0.5, min(room, (self.sheet.h - BAR - 20.0) / (low + 20.0))))

    def _pixel(self, at: Point) -> Point:
        k = self.scale
        return self.sheet.x + at[0] * k, self.sheet.y + BAR - self._scroll + at[1] * k

    # -- drawing -------------------------------------------------------------------------------------------------
    def draw(self, now: float) -> bool:
        """Draws it if that is needed; returns whether it was."""
        hands, shown = self.hands, self.hands.faces
        moved = tuple(_rounded(self._now(face.widget.node, face.widget.port)) for face in shown.values())
        face = (
            tuple(shown.values()), moved, hands.lit, hands.held, hands.draft, hands.locked, self.sheet.w, self.sheet.h,
            self.words,
        )  # fmt: skip
        if face == self._face:
            return False
        self._face = face
        s, t = self.sheet, self.sheet.theme
        s.clear()
        s.box((0, 0, s.w, s.h), fill=t.ground if self._whole else fade(t.panel, 0.98))
        if not hands.locked:
            self._grid()
        for each, at in zip(shown.values(), moved, strict=True):
            self._widget(each, at)
        self._heading(bool(shown))
        return True

    def _heading(self, any_: bool) -> None:
        s, t, locked = self.sheet, self.sheet.theme, self.hands.locked
        s.box((0, 0, s.w, BAR - 2), fill=t.panel)
        s.line((0.5, 0), (0.5, s.h), t.edge, 1.5)
        s.text(16, 22, (self._link.patch.meta.title if self._whole else "") or "Dashboard", 17, t.text, bold=True)
        s.box((s.w - 104, 10, s.w - 12, 34), fill=fade(t.accent, 0.0 if locked else 0.18), edge=t.track, rounding=6)
        s.text(s.w - 58, 22, "locked" if locked else "editing", 14, t.label if locked else t.accent, align=0.5)
        if not any_:
            said = self.words or "Right-click a knob on the canvas: To the dashboard"
            s.text(s.w / 2, s.h / 2, said, 15, t.faint, align=0.5, wide=s.w - 30)

    def _grid(self) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        step = 80.0 * k
        x = step
        while x < s.w:
            s.line((x, BAR), (x, s.h), fade(t.text, 0.04))
            x += step
        y = BAR - self._scroll % step + step
        while y < s.h:
            s.line((0, y), (s.w, y), fade(t.text, 0.04))
            y += step

    def _widget(self, face: Face, now: float | None) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        at, size = face.widget.at, face.widget.size
        if self.hands.draft is not None and self.hands.draft[0] == face.id:
            _, at, size = self.hands.draft
        x, y = at[0] * k, at[1] * k + BAR - self._scroll
        w, h = size[0] * k, size[1] * k
        if y > s.h or y + h < BAR:
            return
        lit = self.hands.lit.id == face.id
        edge = t.accent if self.hands.held == face.id else mix(t.edge, t.text, 0.25) if lit else t.edge
        s.box((x, y + 2, x + w, y + h + 3), fill=fade((0, 0, 0, 255), 0.5 * t.shadow), rounding=9 * k)
        s.box((x, y, x + w, y + h), fill=t.body, edge=edge, rounding=9 * k, line=1.4)
        s.text(x + w / 2, y + 13 * k, face.title, 14 * k, t.label if face.known else t.fault, align=0.5, wide=w - 10)
        inner = (x + 8 * k, y + touch.HEAD * k, x + w - 8 * k, y + h - 8 * k)
        kinds = {"slider": self._slider, "meter": self._slider, "pad": self._pad, "toggle": self._toggle}
        kinds |= {"button": self._button, "knob": self._knob}
        kinds.get(face.kind, self._text)(face, inner, now)
        if not self.hands.locked:
            for reach in (5.0, 9.0, 13.0):
                s.line((x + w - reach - 2, y + h - 4), (x + w - 4, y + h - reach - 2), fade(t.label, 0.6), 1.3)

    def _colour(self, face: Face) -> tuple[int, int, int, int]:
        t = self.sheet.theme
        return t.snap if face.live else t.port(face.type)

    def _knob(self, face: Face, rect: Rect, now: float | None) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        left, top, right, low = rect
        radius = max(8.0, min((right - left) / 2 - 3 * k, (low - top - 14 * k) / 2 - 2 * k))
        middle = ((left + right) / 2, (top + low - 14 * k) / 2 + 2 * k)
        colour, position = self._colour(face), face.position
        zero = 0.5 if face.knob is not None and face.knob.centred else 0.0
        s.path(_arc(middle, radius, 0.0, 1.0), t.track, 4 * k)
        if abs(position - zero) > 0.002:
            s.path(_arc(middle, radius, zero, position), fade(colour, 0.75), 4 * k)
        if now is not None:
            s.path(_arc(middle, radius, position, now), colour, 4 * k)
            s.dot(_turn(middle, radius, now), 3.6 * k, fill=t.text)
        s.dot((middle[0], middle[1] + 1.5), radius * 0.72, fill=(0, 0, 0, 90))
        s.dot(middle, radius * 0.72, fill=mix(t.knob, (255, 255, 255, 255), 0.1), edge=fade(t.edge, 0.7))
        s.line(_turn(middle, radius * 0.3, position), _turn(middle, radius * 0.62, position), t.text, 2.6 * k)
        s.text((left + right) / 2, low - 7 * k, face.text, 14 * k, t.text, align=0.5, wide=right - left)

    def _slider(self, face: Face, rect: Rect, now: float | None) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        left, top, right, low = rect
        top, low = top + 10 * k, low - 22 * k
        middle, colour = (left + right) / 2, self._colour(face)
        meter = face.kind == "meter"
        half = (8 if meter else 3) * k
        position = now if meter and now is not None else face.position
        y = low - (low - top) * position
        s.box((middle - half, top, middle + half, low), fill=t.well, rounding=3 * k)
        s.box((middle - half, y, middle + half, low), fill=fade(colour, 0.85), rounding=3 * k)
        if not meter:
            if now is not None:
                at = low - (low - top) * now
                s.line((middle - 9 * k, at), (middle + 9 * k, at), colour, 2 * k)
            s.box((middle - 14 * k, y - 6 * k, middle + 14 * k, y + 6 * k), fill=t.knob, edge=t.edge, rounding=4 * k)
            s.line((middle - 9 * k, y), (middle + 9 * k, y), t.text, 2 * k)
        s.text(middle, low + 16 * k, face.text, 14 * k, t.text, align=0.5, wide=right - left + 8)

    def _pad(self, face: Face, rect: Rect, now: float | None) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        left, top, right, low = rect[0] + 4 * k, rect[1] + 8 * k, rect[2] - 4 * k, rect[3] - 4 * k
        s.box((left, top, right, low), fill=t.well, edge=t.edge, rounding=6 * k)
        for share in (0.25, 0.5, 0.75):
            s.line((left + (right - left) * share, top), (left + (right - left) * share, low), fade(t.track, 0.5))
            s.line((left, top + (low - top) * share), (right, top + (low - top) * share), fade(t.track, 0.5))
        if face.knob is None or face.second is None:
            return
        x = left + (right - left) * touch.position_of(face.knob)
        y = low - (low - top) * touch.position_of(face.second)
        colour = self._colour(face)
        s.line((x, top), (x, low), fade(colour, 0.35))
        s.line((left, y), (right, y), fade(colour, 0.35))
        s.dot((x, y), 14 * k, fill=fade(colour, 0.18))
        s.dot((x, y), 7 * k, fill=colour, edge=t.text, line=1.6)

    def _toggle(self, face: Face, rect: Rect, now: float | None) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
        colour = self._colour(face) if face.on else t.track
        s.box(
            (x - 22 * k, y - 11 * k, x + 22 * k, y + 11 * k),
            fill=mix(t.well, colour, 0.6),
            edge=colour,
            rounding=11 * k,
        )
        s.dot((x + (11 if face.on else -11) * k, y), 8 * k, fill=t.text if face.on else t.label)

    def _button(self, face: Face, rect: Rect, now: float | None) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        down = self.hands.held == face.id or face.on
        colour = self._colour(face)
        left, top, right, low = rect
        s.box(
            (left, top + 2, right, low), fill=mix(t.raised, colour, 0.8 if down else 0.12), edge=colour, rounding=8 * k
        )
        s.dot(((left + right) / 2, (top + low) / 2), 6 * k, fill=t.text if down else fade(colour, 0.8))

    def _text(self, face: Face, rect: Rect, now: float | None) -> None:
        s, t, k = self.sheet, self.sheet.theme, self.scale
        left, top, right, low = rect
        s.box((left, top + 2, right, low), fill=t.well, edge=fade(t.track, 0.7), rounding=5 * k)
        size = min(20.0 * k, max(11.0, low - top - 8)) if face.kind == "number" else 14 * k
        ink = t.snap if face.live else t.text if face.known else t.fault
        room = right - left - (26 if face.kind == "menu" else 14) * k
        if face.kind == "number":
            s.text((left + right) / 2, (top + low) / 2 + 1, face.text, size, ink, align=0.5, wide=room)
            return
        s.text(left + 7 * k, (top + low) / 2 + 1, face.text, size, ink, wide=room)
        if face.kind == "menu":
            x, y = right - 12 * k, (top + low) / 2 + 1
            s.shape([(x - 4 * k, y - 2 * k), (x + 4 * k, y - 2 * k), (x, y + 4 * k)], t.label)


def _turn(middle: Point, radius: float, position: float) -> Point:
    angle = math.pi * (0.75 + 1.5 * position)
    return middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)


def _arc(middle: Point, radius: float, a: float, b: float) -> list[Point]:
    count = max(2, round(abs(b - a) * 48) + 1)
    return [_turn(middle, radius, a + (b - a) * n / (count - 1)) for n in range(count)]


def _rounded(position: float | None) -> float | None:
    return None if position is None else round(position, 2)
