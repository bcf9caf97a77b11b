"""The computer's keys as notes: each Keyboard node of the patch plays them."""

from __future__ import annotations

from demon_patch.editor.hands.tools import Tools
from demon_patch.runtime.remote.messages.live import Feed

LETTERS = "awsedftgyhujkolp;"
"""The keys of one octave and a half, from C on."""
LOWEST = 60
DOWN, UP = "z", "x"
OCTAVES = 4
KEYBOARD = "keyboard"
FORCE = 0.8


class Notes:
    """Feeds Keyboard nodes while it is on."""

    def __init__(self, tools: Tools) -> None:
        self.tools, self.on = tools, False
        self._down: list[str] = []
        self._octave = 0

    def switch(self) -> None:
        """Turns it on or off; off ends all notes."""
        self.on = not self.on
        keyboards = self.keyboards()
        if not self.on:
            self._down.clear()
            self._feed([("held", (0.0, 0.0))])
            self.tools.popups.tell("Keys are commands again")
        elif keyboards:
            self.tools.popups.tell(f"Keys play notes: A is C, {DOWN.upper()} and {UP.upper()} move the octave")
        else:
            self.tools.popups.tell("Keys play notes, once the patch has a Keyboard node", "warning")

    def keyboards(self) -> list[str]:
        """The Keyboard nodes, those in subpatches too, by path."""
        return [id for id, node in self.tools.edits.patch.flat.nodes.items() if node.type == KEYBOARD]

    def key(self, char: str, down: bool) -> bool:
        """Hears a key; returns whether it is a note."""
        char = char.lower()
        if not self.on or len(char) != 1:
            return False
        if char in (DOWN, UP):
            if down:
                self._octave = min(OCTAVES, max(-OCTAVES, self._octave + (1 if char == UP else -1)))
                self._feed([("shift", float(self._octave))])
            return True
        if char not in LETTERS:
            return False
        if down and char not in self._down:
            self._down.append(char)
            self._sound()
        elif not down and char in self._down:
            last = self._down[-1] == char
            self._down.remove(char)
            if not self._down:
                self._feed([("held", (0.0, 0.0))])
            elif last:
                self._feed([("key", float(LOWEST + LETTERS.index(self._down[-1])))])
        return True

    def _sound(self) -> None:
        note = float(LOWEST + LETTERS.index(self._down[-1]))
        self._feed([("key", note), ("force", FORCE), ("held", (1.0, 1.0))])

    def _feed(self, values: list[tuple[str, float | tuple[float, float]]]) -> None:
        fed = tuple((id, port, value) for id in self.keyboards() for port, value in values)
        if fed:
            self.tools.edits.ask(Feed(values=fed))
