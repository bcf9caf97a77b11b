"""Sentences that stay for some seconds above the strip. Which ones are shown is pure; the drawing is at the end."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.editor.look import text as font
from demon_patch.editor.look.theme import fade
from demon_patch.editor.panels.protocol import Tone
from demon_patch.editor.panels.sheet import Paper, Sheet

MOST = 4
SECONDS = {"plain": 4.0, "good": 4.0, "warning": 7.0, "fault": 10.0}
WIDE, LINE, SIZE = 560.0, 34.0, 15.0


@dataclass(slots=True)
class Said:
    """A sentence. since: when it came; 0 before it was shown. times: how often it was said."""

    text: str
    tone: Tone
    since: float = 0.0
    times: int = 1


class NoticeList:
    """The sentences on show, oldest first. log: all that were said, at most 200."""

    def __init__(self) -> None:
        self.shown: list[Said] = []
        self.log: list[Said] = []

    def tell(self, text: str, tone: Tone = "plain") -> None:
        """Shows a sentence; one that is on show already stays longer."""
        text = " ".join(text.split())
        if not text:
            return
        for said in self.shown:
            if said.text == text:
                said.since, said.times = 0.0, said.times + 1
                return
        said = Said(text, tone)
        self.shown = [*self.shown[-MOST + 1 :], said]
        self.log = [*self.log[-199:], said]

    def look(self, now: float) -> None:
        """Takes away what has been shown long enough."""
        for said in self.shown:
            said.since = said.since or now
        self.shown = [said for said in self.shown if now - said.since < SECONDS[said.tone]]


class Notices(NoticeList):
    """Draws them, above a height of the window."""

    def __init__(self, paper: Paper) -> None:
        super().__init__()
        self._sheet = Sheet(paper, (0.0, 0.0, WIDE, MOST * LINE * 2))
        self._face: object = None

    def renew(self) -> None:
        """Has them drawn anew, as in another theme."""
        self._face = None

    def draw(self, now: float, width: float, bottom: float) -> bool:
        """Draws them if that is needed; returns whether it was. width: of the window. bottom: where they end."""
        self.look(now)
        face = (width, bottom, tuple((said.text, said.tone, said.times) for said in self.shown))
        if face == self._face:
            return False
        self._face = face
        t, s = self._sheet.theme, self._sheet
        s.clear()
        tall = MOST * LINE * 2
        s.place(((width - WIDE) / 2, bottom - tall, (width + WIDE) / 2, bottom))
        y = tall
        for said in reversed(self.shown):
            text = f"{said.text} ({said.times})" if said.times > 1 else said.text
            lines = font.wrapped(text, SIZE, WIDE - 60, 2)
            high = 20.0 * len(lines) + 14
            wide = max(font.width(line, SIZE) for line in lines) + 44
            left = (WIDE - wide) / 2
            y -= high + 5
            colour = t.label if said.tone == "plain" else getattr(t, said.tone)
            s.box((left, y, left + wide, y + high), fill=fade(t.panel, 0.97), edge=fade(colour, 0.5), rounding=8)
            s.dot((left + 16, y + high / 2), 4, fill=colour)
            for number, line in enumerate(lines):
                s.text(left + 30, y + 17 + 20 * number, line, SIZE, t.text)
        return True
