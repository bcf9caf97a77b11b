"""Selects what a rectangle touches."""

from __future__ import annotations

from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.places import holds, line, others, rect_of, touch
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.layout.box import Rect
from demon_patch.editor.layout.cable_curve import bounds, crosses
from demon_patch.patch.model.graph import CableKey


class Band(Gesture):
    """A rectangle from press to release. Touch selects; with Alt only what lies wholly in it; Shift keeps what was
    selected; with C held only cables count."""

    def move(self, pointer: Pointer) -> Gesture | None:
        """Draws the rectangle."""
        self.tools.canvas.show_band(rect_of(self.world(self.start), self.world(pointer)))
        return None

    def release(self, pointer: Pointer) -> None:
        """Selects what it touches."""
        self.tools.canvas.show_band(None)
        rect = rect_of(self.world(self.start), self.world(pointer))
        selection, only_cables = self.tools.selection, "c" in self.tools.held
        inside = holds if pointer.alt else touch
        nodes = [] if only_cables else [id for id, box in self.tools.view.boxes.items() if inside(rect, box.rect)]
        graph = self.tools.edits.graph
        there = [] if only_cables else [
            id for id, area in others(graph) if (holds if id in graph.frames else inside)(rect, area)
        ]  # fmt: skip
        wires = [key for key in self.tools.view.wires if only_cables and _touches(self.tools.view.boxes, key, rect)]
        (selection.add if pointer.shift else selection.set)(nodes, wires, there)

    def cancel(self) -> None:
        """Takes the rectangle away."""
        self.tools.canvas.show_band(None)


def _touches(boxes: object, key: CableKey, rect: Rect) -> bool:
    points = line(boxes, key)  # type: ignore[arg-type]
    if not points or not touch(rect, bounds(points)):
        return False
    left, top, right, bottom = rect
    edge = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return crosses(points, edge) or holds(rect, bounds(points))
