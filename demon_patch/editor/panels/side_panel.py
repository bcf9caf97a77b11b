"""A list on the window's right side: heading, lines that can be chosen, and a scroll."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.layout.box import Point, Rect
from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import fade
from demon_patch.editor.panels.sheet import Paper, Sheet

WIDTH, HEADING, LINE, SIZE = 320.0, 44.0, 22.0, 14.5
SMALL, SMALL_LINE = 12.5, 16.0


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list.

    title: what it says; broken into several lines where it is long. right: what stands at its right end.
    tone: a colour of the theme: text, label, faint, accent, good, warning, fault. heading: it begins a group.
    bold, marked: how it is drawn. do: what a click does.
    detail: what stands below in small letters. dot: the tone of a lamp at its left end. bright: whether the
    right end is what the line is about.
    at, other: what a click, and a click with the right button, do; both get the place in pixels of the window, for
    fields and menus.
    """

    title: str
    right: str = ""
    tone: str = "text"
    heading: bool = False
    bold: bool = False
    marked: bool = False
    do: Callable[[], object] | None = None
    detail: str = ""
    dot: str = ""
    bright: bool = False
    at: Callable[[Point], object] | None = None
    other: Callable[[Point], object] | None = None

    @property
    def live(self) -> bool:
        """Whether a click does something."""
        return self.do is not None or self.at is not None


class SidePanel:
    """Draws rows. A panel gives them by `rows`, and says by `face` whether they are others now."""

    title = ""
    hint = ""

    def __init__(self, paper: Paper) -> None:
        self.sheet = Sheet(paper, (0.0, 0.0, WIDTH, 100.0))
        self.sheet.show(False)
        self.scroll = 0.0
        self._face: object = None
        self._was = NOWHERE
        self._lit = -1
        self._tops: list[tuple[float, float]] = []
        self._rows: Sequence[Row] = ()
        self._tall = 0.0

    def rows(self) -> Sequence[Row]:
        """Returns what is listed."""
        return ()

    def face(self) -> object:
        """Returns something that is another one when the rows are."""
        return None

    # -- as a panel ----------------------------------------------------------------------------------------------
    def opened(self) -> None:
        """It is shown now."""
        self._face = None
        self.sheet.show(True)

    def closed(self) -> None:
        """It is hidden now."""
        self.sheet.show(False)

    def place(self, rect: Rect) -> None:
        """Lays it on the right side."""
        left, top, right, bottom = rect
        self.sheet.place((max(left, right - WIDTH), top, right, bottom))
        self._face = None

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel of the window lies on it."""
        return self.sheet.holds(x, y)

    def key(self, press: KeyPress) -> bool:
        """Takes a key; returns whether it was for the panel."""
        return False

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the window."""
        before, self._was = self._was, look
        if look.wheel:
            room = max(self._tall - (self.sheet.h - HEADING), 0.0)
            self.scroll = min(max(self.scroll - look.wheel * 3 * LINE, 0.0), room)
            self._face = None
        y = look.y - self.sheet.y
        lit = next((n for n, (top, low) in enumerate(self._tops) if top <= y < low and y > HEADING), -1)
        under = self._rows[lit] if 0 <= lit < len(self._rows) else None
        lit = lit if under is not None and (under.live or under.other is not None) else -1
        if lit != self._lit:
            self._lit, self._face = lit, None
        if under is None:
            return
        if look.right and not before.right and under.other is not None:
            under.other(look.at)
        elif look.left and not before.left:
            if under.do is not None:
                under.do()
            elif under.at is not None:
                under.at(look.at)

    def draw(self, now: float) -> bool:
        """Draws it if that is needed; returns whether it was."""
        face = (self.face(), self.sheet.h, self.sheet.x)
        if face == self._face:
            return False
        self._face = face
        self._rows = self.rows()
        t, s = self.sheet.theme, self.sheet
        s.clear()
        s.box((0, 0, s.w, s.h), fill=t.panel)
        s.line((0.5, 0), (0.5, s.h), t.edge, 1.5)
        self._tops = []
        y = HEADING - self.scroll
        for number, row in enumerate(self._rows):
            y = self._draw_row(number, row, y)
        self._tall = y + self.scroll - HEADING + 10
        s.box((1, 0, s.w, HEADING - 2), fill=t.panel)
        s.text(16, 22, self.title, 17, t.text, bold=True)
        if self.hint:
            s.text(s.w - 14, 22, self.hint, 13, t.faint, align=1)
        return True

    def _draw_row(self, number: int, row: Row, y: float) -> float:
        t, s = self.sheet.theme, self.sheet
        if row.heading:
            s.text(16, y + 20, row.title, 13, t.accent, bold=True)
            self._tops.append((y, y))
            return y + 32
        right = font.width(row.right, 13) + 14 if row.right else 0
        lines = font.wrapped(row.title, SIZE, s.w - 44 - right, 6)
        details = font.wrapped(row.detail, SMALL, s.w - 44, 4) if row.detail else []
        low = y + LINE * len(lines) + SMALL_LINE * len(details) + 4
        self._tops.append((y, low))
        if -LINE < y < s.h:
            if number == self._lit:
                s.box((6, y, s.w - 6, low), fill=fade(t.raised, 0.8), rounding=5)
            if row.marked or row.dot:
                s.dot((14, y + 13), 3.5 if row.dot else 3, fill=getattr(t, row.dot) if row.dot else t.accent)
            colour = getattr(t, row.tone)
            for place, line in enumerate(lines):
                s.text(24, y + 13 + LINE * place, line, SIZE, colour, bold=row.bold)
            for place, line in enumerate(details):
                middle = y + LINE * len(lines) + 9 + SMALL_LINE * place
                s.text(24, middle, line, SMALL, t.label)
            if row.right:
                s.text(s.w - 16, y + 13, row.right, 13, t.text if row.bright else t.faint, align=1)
        return low
