"""The cards of the canvas: frames, notes and pinned probes, by their ids."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from demon_patch.editor.canvas.scene_brush import Brush, Item
from demon_patch.editor.canvas.scene_notes import Card, FrameItems, NoteItems, ProbeItems
from demon_patch.editor.layout.box import Box, Point
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe


class Cards:
    """Draws the cards into the layers `frames` and `probes`.

    items: by id. selected: the ids of those that are.
    """

    def __init__(self, brush: Brush, layers: Mapping[str, Item]) -> None:
        self._brush, self._layers = brush, layers
        self.frames: dict[str, CanvasFrame] = {}
        self.notes: dict[str, CanvasNote] = {}
        self.probes: dict[str, Probe] = {}
        self.items: dict[str, Card] = {}
        self.selected: frozenset[str] = frozenset()
        self._level = 2

    def take_over(self, other: Cards, box_of: Callable[[str], Box | None]) -> None:
        """Draws what other cards, whose items are gone, showed. box_of: the box of a node, if there is one."""
        self.selected, self._level = other.selected, other._level
        for id, frame in other.frames.items():
            self.set_frame(id, frame)
        for id, note in other.notes.items():
            self.set_note(id, note)
        for id, probe in other.probes.items():
            self.set_probe(id, probe, box_of(probe.node))
            card = other.items[id]
            if isinstance(card, ProbeItems):
                self.display(id, given(card.picture.data))

    def set_frame(self, id: str, frame: CanvasFrame | None) -> None:
        """Draws a frame, or takes it away."""
        self._put(self.frames, id, frame, frame and FrameItems(self._brush, frame, self._layers["frames"]))

    def set_note(self, id: str, note: CanvasNote | None) -> None:
        """Draws a note, or takes it away."""
        self._put(self.notes, id, note, note and NoteItems(self._brush, note, self._layers["frames"]))

    def set_probe(self, id: str, probe: Probe | None, box: Box | None = None) -> None:
        """Draws a pinned probe of a node with a box, or takes it away."""
        made = None
        if probe is not None:
            title = probe.node if box is None else box.title
            type = "value" if box is None else box.pin(probe.out, True).type
            made = ProbeItems(self._brush, probe, title, type, _end(probe, box), self._layers["probes"])
            old = self.items.get(id)
            if isinstance(old, ProbeItems):
                made.display(given(old.picture.data))
        self._put(self.probes, id, probe, made)

    def _put(self, records: dict[str, Any], id: str, record: object, made: Card | None) -> None:
        if id in self.items:
            self.items.pop(id).close()
        records.pop(id, None)
        if made is not None:
            records[id] = record
            self.items[id] = made
            made.select(id in self.selected)
            made.detail(self._level)

    def renew(self, box: Box) -> None:
        """Draws the probes of a node anew."""
        for id, probe in list(self.probes.items()):
            if probe.node == box.id:
                self.set_probe(id, probe, box)

    def tie(self, node: str, box: Box | None) -> None:
        """Ties the probes of a node to where its pins are."""
        for id, probe in self.probes.items():
            card = self.items.get(id)
            if probe.node == node and isinstance(card, ProbeItems):
                card.follow(_end(probe, box))

    def select(self, ids: Collection[str]) -> None:
        """Marks cards as selected; all others are not."""
        was, self.selected = self.selected, frozenset(ids)
        for id in was ^ self.selected:
            if id in self.items:
                self.items[id].select(id in self.selected)

    def detail(self, level: int) -> None:
        """Draws as much as can be seen: 0 to 2."""
        self._level = level
        for card in self.items.values():
            card.detail(level)

    def display(self, id: str, data: Mapping[str, object]) -> None:
        """Gives a pinned probe what it shows."""
        card = self.items.get(id)
        if isinstance(card, ProbeItems):
            card.display(data)


def given(data: Mapping[str, Any], without: str = "") -> dict[str, Any]:
    """Returns the data that a display was given, without what it keeps for itself."""
    return {key: value for key, value in data.items() if not key.startswith("_") and key != without}


def _end(probe: Probe, box: Box | None) -> Point | None:
    if box is None:
        return None
    pin = box.pin(probe.out, True)
    return box.x + pin.x, box.y + pin.y
