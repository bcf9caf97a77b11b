"""Lines across cables: the knife cuts them, the reroute bends them."""

from __future__ import annotations

from abc import ABC, abstractmethod

from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.places import crossed, crossing, line
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.layout.box import Point
from demon_patch.patch.model.graph import CableKey

STEP = 3.0
"""Pixels between two points of the line."""


class Stroke(Gesture, ABC):
    """A line drawn with the right button; the cables that it crosses turn red."""

    button = "right"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.points: list[Point] = [self.world(self.start)]
        self.crossed: dict[CableKey, None] = {}
        self.move(self.start)

    def move(self, pointer: Pointer) -> Gesture | None:
        """Draws on."""
        if pointer.away(self.last) >= STEP:
            self.last = pointer
            self.points.append(self.world(pointer))
            view = self.tools.view
            self.crossed |= dict.fromkeys(crossed(view.boxes, view.wires, self.points[-2:]))
        self.tools.canvas.show_knife(self.points, list(self.crossed))
        return None

    def release(self, pointer: Pointer) -> None:
        """Does what the line is for."""
        if pointer.at != self.last.at:
            self.last = self.start
            self.move(pointer)
        self.tools.canvas.show_knife(None)
        self.done()

    @abstractmethod
    def done(self) -> None:
        """Edits the cables that were crossed."""

    def cancel(self) -> None:
        """Takes the line away."""
        self.tools.canvas.show_knife(None)


class Knife(Stroke):
    """Ctrl and right: cuts every crossed cable, in one step."""

    def done(self) -> None:
        """Cuts."""
        self.tools.edits.cut(self.crossed)


class Bend(Stroke):
    """Shift and right: puts a reroute into every crossed cable, in one step."""

    def done(self) -> None:
        """Bends."""
        boxes = self.tools.view.boxes
        lines = {key: line(boxes, key) for key in self.crossed}
        self.tools.edits.bend((key, crossing(points, self.points)) for key, points in lines.items() if points)
