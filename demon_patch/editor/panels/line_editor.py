"""A line of text that is being typed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 100_000


@dataclass
class LineEditor:
    """A text with a caret and a selection from `anchor` to `caret`.

    lines: whether it may have several lines.
    """

    text: str = ""
    caret: int = 0
    anchor: int = 0
    lines: bool = False

    @classmethod
    def over(cls, text: str, chosen: bool = True, lines: bool = False) -> LineEditor:
        """Returns an editor of a text; all of it is selected, or the caret is at its end."""
        return cls(text, len(text), 0 if chosen else len(text), lines)

    @property
    def selected(self) -> str:
        """The selected part."""
        lo, hi = self.span
        return self.text[lo:hi]

    @property
    def span(self) -> tuple[int, int]:
        """The ends of the selection, in order."""
        return min(self.caret, self.anchor), max(self.caret, self.anchor)

    def put(self, given: str) -> None:
        """Types or pastes a text in place of the selection."""
        made = given if self.lines else " ".join(given.split("\n"))
        made = "".join(char for char in made if char.isprintable() or (self.lines and char == "\n"))
        lo, hi = self.span
        made = made[: max(LONGEST - len(self.text) + hi - lo, 0)]
        self.text = self.text[:lo] + made + self.text[hi:]
        self.caret = self.anchor = lo + len(made)

    def key(self, name: str, ctrl: bool = False, shift: bool = False) -> bool:
        """Takes a key that makes no character; returns whether it is one of the editor's."""
        if name in ("left", "right", "home", "end", "up", "down") and not (name in ("up", "down") and not self.lines):
            self._go(name, ctrl, shift)
        elif name in ("backspace", "delete"):
            if self.caret == self.anchor:
                self.anchor = self._target("left" if name == "backspace" else "right", ctrl)
            self.put("")
        elif ctrl and name == "a":
            self.anchor, self.caret = 0, len(self.text)
        else:
            return False
        return True

    def _go(self, name: str, ctrl: bool, shift: bool) -> None:
        lo, hi = self.span
        if lo != hi and not shift and name in ("left", "right"):
            self.caret = lo if name == "left" else hi
        else:
            self.caret = self._target(name, ctrl)
        if not shift:
            self.anchor = self.caret

    def _target(self, name: str, ctrl: bool) -> int:
        text, at = self.text, self.caret
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        end = len(text) if end < 0 else end
        if name == "home":
            return 0 if ctrl else start
        if name == "end":
            return len(text) if ctrl else end
        if name == "up":
            above = text.rfind("\n", 0, max(start - 1, 0)) + 1
            return at if start == 0 else min(above + at - start, start - 1)
        if name == "down":
            below = text.find("\n", end + 1)
            return at if end == len(text) else min(end + 1 + at - start, len(text) if below < 0 else below)
        step = -1 if name == "left" else 1
        at = min(max(at + step, 0), len(text))
        while ctrl and 0 < at < len(text) and not (text[at - 1].isspace() and not text[at].isspace()):
            at += step
        return at

    def press(self, place: int, shift: bool = False) -> None:
        """Puts the caret at a place."""
        self.caret = min(max(place, 0), len(self.text))
        if not shift:
            self.anchor = self.caret
