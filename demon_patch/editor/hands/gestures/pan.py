"""Moves the canvas under the window."""

from __future__ import annotations

from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools


class Pan(Gesture):
    """Middle button, space and left, or right without a modifier: the canvas follows the pointer."""

    def __init__(self, tools: Tools, start: Pointer, button: str) -> None:
        super().__init__(tools, start)
        self.button = button

    def move(self, pointer: Pointer) -> Gesture | None:
        """Follows the pointer."""
        if pointer.at != self.last.at:
            self.tools.camera.pan(pointer.x - self.last.x, pointer.y - self.last.y)
            self.tools.looked()
        self.last = pointer
        return None
