"""A button is down, and it is not clear yet what for: a click, or the beginning of a drag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from demon_patch.editor.hands.gestures.base import SLACK, Gesture
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools

Drag = Callable[[Pointer, Pointer], Gesture | None]
"""Returns the gesture that a drag begins; it is given the press, and where the pointer had gone SLACK pixels."""
Click = Callable[[Pointer], object]


class Press(Gesture):
    """Waits until the pointer has gone SLACK pixels, and becomes a drag; a release before that is a click."""

    def __init__(self, tools: Tools, start: Pointer, button: str, drag: Drag | None, click: Click | None) -> None:
        super().__init__(tools, start)
        self.button, self._drag, self._click = button, drag, click

    def move(self, pointer: Pointer) -> Gesture | None:
        """Becomes the drag."""
        if self._drag is None or pointer.away(self.start) <= SLACK:
            return None
        drag, self._drag = self._drag(self.start, self._begin(pointer)), None
        if drag is not None:
            self._click = None
            return drag.move(pointer) or drag
        return None

    def _begin(self, pointer: Pointer) -> Pointer:
        """Returns the pointer where it had gone SLACK pixels: what it has gone since belongs to the drag, however many
        looks there were meanwhile."""
        share = SLACK / pointer.away(self.start)
        x, y = self.start.x, self.start.y
        return replace(pointer, x=x + share * (pointer.x - x), y=y + share * (pointer.y - y))

    def release(self, pointer: Pointer) -> None:
        """Is a click."""
        if self._click is not None and pointer.away(self.start) <= 2 * SLACK:
            self._click(pointer)
