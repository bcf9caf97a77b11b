"""Nodes glide to the places that an edit gives them, so that the eye can follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from demon_patch.editor.layout.box import Point

if TYPE_CHECKING:
    from demon_patch.editor.canvas.view import View

SECONDS = 0.15


class Glide:
    """The nodes that glide. Only their boxes do: the document has its new places at once.

    clock: the time in seconds.
    """

    def __init__(self, view: View, clock: Callable[[], float]) -> None:
        self._view, self._clock = view, clock
        self._from: dict[str, Point] = {}
        self._start = 0.0

    @property
    def going(self) -> bool:
        """Whether any node glides."""
        return bool(self._from)

    def begin(self, places: Mapping[str, Point]) -> None:
        """Lets nodes glide to places; to be called before the edit that moves them."""
        self.finish()
        boxes = self._view.boxes
        self._from = {id: (boxes[id].x, boxes[id].y) for id in places if id in boxes}
        self._start = self._clock()
        self._view.held = frozenset(self._from)

    def look(self) -> None:
        """Draws the nodes as far as they are."""
        if not self._from:
            return
        share = (self._clock() - self._start) / SECONDS
        if share >= 1.0:
            self.finish()
            return
        eased = share * share * (3.0 - 2.0 * share)
        nodes = self._view.graph.nodes
        for id, (x, y) in self._from.items():
            if id in self._view.boxes and id in nodes:
                to_x, to_y = nodes[id].at
                self._view.place(id, x + eased * (to_x - x), y + eased * (to_y - y))

    def finish(self) -> None:
        """Draws the nodes where the document has them."""
        if not self._from:
            return
        nodes = self._view.graph.nodes
        for id in self._from:
            if id in self._view.boxes and id in nodes:
                self._view.place(id, *nodes[id].at)
        self._from = {}
        self._view.held = frozenset()
