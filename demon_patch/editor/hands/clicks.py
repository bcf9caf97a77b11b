"""Double clicks, recognised by time, or by the number of looks where frames are slow."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.editor.hands.pointer import Pointer

SECONDS = 0.35
SLOW_SECONDS, LOOKS = 0.8, 7
PIXELS = 6.0


@dataclass(slots=True)
class Clicks:
    """Tells whether a press is the second of a double click.

    Both presses must hit the same thing, within PIXELS, and within SECONDS, or where frames are slow within
    SLOW_SECONDS and fewer than LOOKS looks.
    """

    looks: int = 0
    _pointer: Pointer | None = None
    _look: int = 0
    _thing: object = None

    def look(self) -> None:
        """Counts a look at the pointer."""
        self.looks += 1

    def twice(self, pointer: Pointer, thing: object) -> bool:
        """Notes a press on a thing; returns whether it is a double click. A third press begins anew."""
        first, self._pointer = self._pointer, pointer
        near = first is not None and (
            thing == self._thing
            and pointer.away(first) <= PIXELS
            and pointer.time - first.time < (SLOW_SECONDS if self.looks - self._look < LOOKS else SECONDS)
        )
        self._look, self._thing = self.looks, thing
        if near:
            self._pointer = None
        return near

    def forget(self) -> None:
        """Makes the next press a first one."""
        self._pointer = None
