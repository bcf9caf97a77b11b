"""The lines below a field that is typed in: what is wrong, and what can be typed."""

from __future__ import annotations

from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.look.theme import fade
from demon_patch.editor.panels.line_editor import LineEditor
from demon_patch.editor.panels.protocol import Advice, Advisor, Offered
from demon_patch.editor.panels.sheet import Sheet

ROWS, ROW = 6, 24.0
HEIGHT = ROWS * ROW + 8.0


class AdviceList:
    """What an advisor says of a line of text. lit: which offer the keys take."""

    def __init__(self, advisor: Advisor, line: LineEditor) -> None:
        self._advisor, self._line = advisor, line
        self.advice = Advice()
        self.lit = 0
        self.look()

    def look(self) -> None:
        """Asks the advisor."""
        advice = self._advisor.look(self._line.text, self._line.caret)
        if advice.offers != self.advice.offers:
            self.lit = 0
        self.advice = advice

    @property
    def face(self) -> object:
        """What is drawn."""
        return self.advice, self.lit

    def key(self, press: KeyPress) -> bool:
        """Takes a key; returns whether it was one of the list's. Tab takes the offer; arrows choose another, in a text
        of several lines those of pages."""
        steps = {"pageup": -1, "pagedown": 1} if self._line.lines else {"up": -1, "down": 1}
        count = len(self.advice.offers)
        if press.name == "tab":
            self.take(self.lit)
            return True
        if press.name not in steps or not count:
            return False
        self.lit = (self.lit + steps[press.name]) % count
        return True

    def take(self, place: int) -> None:
        """Types an offer."""
        if 0 <= place < len(self.advice.offers):
            offer = self.advice.offers[place]
            put(self._line, offer)
            self.look()

    def click(self, y: float) -> None:
        """Types the offer at a height below the list's upper edge."""
        self.take(int(y // ROW))

    def draw(self, s: Sheet, left: float, top: float, wide: float) -> None:
        """Draws the offers."""
        t = s.theme
        for place, offer in enumerate(self.advice.offers[:ROWS]):
            y = top + ROW * place
            if place == self.lit:
                s.box((left, y + 1, left + wide, y + ROW - 1), fill=fade(t.accent, 0.13), rounding=5)
            said = s.text(left + 10, y + ROW / 2, offer.title, 14.5, getattr(t, offer.tone), wide=wide * 0.6)
            room = wide - said - 36
            if room > 60:
                s.text(left + wide - 10, y + ROW / 2, offer.meaning, 12.5, t.faint, wide=room, align=1)


def put(line: LineEditor, offer: Offered) -> None:
    """Types an offer in place of what it replaces."""
    end = min(offer.end, len(line.text))
    line.anchor, line.caret = min(offer.start, end), end
    if offer.text:
        line.put(offer.text)
