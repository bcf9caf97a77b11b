"""The picture of a map in the hand: its listener, or one of its places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from demon_patch.editor.hands.gestures.picture import PictureDrag
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Display, Point
from demon_patch.editor.layout.display_sizes import MAP_EDGE as EDGE

CORNER = 11.0
"""Pixels from which a place can be taken hold of."""


class MapDrag(PictureDrag):
    """What lies under the pointer follows it: a place with Shift or where the pointer is on it, else the listener.

    names: the ports for x and y.
    """

    LABEL = "Move on the map"

    def __init__(self, tools: Tools, start: Pointer, node: str, names: tuple[str, str]) -> None:
        super().__init__(tools, start, node)
        self.names = names

    def values(self, pointer: Pointer) -> Mapping[str, Any]:
        """Both numbers."""
        place, box = self.inside(pointer), self.tools.view.boxes.get(self.node)
        if place is None or box is None or box.display is None:
            return {}
        x, y = share(place, box.display)
        return {self.names[0]: self.at_share(self.names[0], x), self.names[1]: self.at_share(self.names[1], y)}


def share(place: Point, shown: Display) -> Point:
    """Returns a place in the picture as x and y, 0 to 1, y upward."""
    return (place[0] - EDGE) / max(shown.w - 2 * EDGE, 1.0), 1.0 - (place[1] - EDGE) / max(shown.h - 2 * EDGE, 1.0)


def taken(
    place: Point, shown: Display, places: Sequence[tuple[str, str, float, float]], ear: Point, reach: float
) -> tuple[str, str]:
    """Returns the ports of what a press on a map takes: of the nearest place within reach, unless the listener is
    nearer; else of the listener, which comes to the pointer.

    places: (port of x, port of y, x, y) of the places that are shown. ear: where the listener is. reach: in units.
    """

    def apart(x: float, y: float) -> float:
        px, py = EDGE + x * (shown.w - 2 * EDGE), EDGE + (1 - y) * (shown.h - 2 * EDGE)
        return ((px - place[0]) ** 2 + (py - place[1]) ** 2) ** 0.5

    best, found = min(reach, apart(*ear)), ("x", "y")
    for across, up, x, y in places:
        if apart(x, y) < best:
            best, found = apart(x, y), (across, up)
    return found
