"""What all gestures have in common."""

from __future__ import annotations

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools

SLACK = 4.0
"""Pixels that the pointer has to go before a press becomes a drag."""


class Gesture:
    """A gesture that goes on for as long as its button is down.

    `move` may return another gesture, which takes its place. `release` ends it and makes its edit; `cancel` ends it as
    if it had never been.
    """

    button = "left"

    def __init__(self, tools: Tools, start: Pointer) -> None:
        self.tools, self.start, self.last = tools, start, start

    def ended(self, pointer: Pointer) -> bool:
        """Whether a look at the pointer ends the gesture."""
        return not pointer.down(self.button)

    def move(self, pointer: Pointer) -> Gesture | None:
        """Follows the pointer."""
        return None

    def release(self, pointer: Pointer) -> None:
        """Ends the gesture, and makes its edit."""

    def cancel(self) -> None:
        """Ends the gesture without an edit."""

    def key(self, key: str, down: bool) -> bool:
        """Hears a key during the gesture; returns whether it has a meaning there."""
        return False

    def world(self, pointer: Pointer) -> tuple[float, float]:
        """The point of the canvas under the pointer."""
        return self.tools.camera.world(pointer.x, pointer.y)

    def moved(self, pointer: Pointer) -> tuple[float, float]:
        """How far the pointer has gone since the start, in canvas units."""
        zoom = self.tools.camera.zoom
        return (pointer.x - self.start.x) / zoom, (pointer.y - self.start.y) / zoom
