"""Nodes, frames, notes and probes in the hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.hands.arranging import moves, on_frame, shifted, with_room
from demon_patch.editor.hands.edits import put, records
from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.insertion import insert, inserts
from demon_patch.editor.hands.places import area, around, holds, others, wire_under
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.shake import Shake
from demon_patch.editor.hands.snapping import PIXELS, snapped
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Point, Rect, Wire
from demon_patch.patch.edit.commands import Command, SetFrame
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe

CATCH = 10.0
"""Pixels between pointer and cable at which the cable takes a node in."""

UNKNOWN_SIZE = (200.0, 100.0)  # of a copy that is not on the canvas yet


class MoveThings(Gesture):
    """What is selected follows the pointer; edges snap, unless Alt is down.

    A single node over a cable lights it, and release inserts it there (not with Alt); a shaken node leaves its cables;
    with F the frame under the pointer grows to hold what is moved. Pressed with Alt, copies are moved.
    """

    def __init__(self, tools: Tools, start: Pointer, nodes: Iterable[str], rest: Iterable[str] = ()) -> None:
        super().__init__(tools, start)
        graph = tools.edits.graph
        self.target: Wire | None = None
        self.into_frame = False
        self._shake = Shake()
        self._shift: Point = (0.0, 0.0)
        self._copies = start.alt
        self.nodes: dict[str, Point]
        self.rest: dict[str, Point]
        chosen, loose = set(nodes), set(rest)
        for id in list(loose):
            if id in graph.frames:
                inner, notes = on_frame(tools.view.boxes, graph, id)
                chosen |= inner
                loose |= notes
        if self._copies:
            edits = tools.edits
            edits.begin("Duplicate")
            probes = graph.probes.keys()
            made = edits.duplicate({*(chosen & graph.nodes.keys()), *(loose - probes)}, (0.0, 0.0))
            tools.selection.want(made.keys())
            self.rest = {id: at for id, at in made.items() if loose and id in dict(records(edits.graph))}
            self.nodes = {id: at for id, at in made.items() if id not in self.rest}
        else:
            self.nodes = {id: (box.x, box.y) for id, box in tools.view.boxes.items() if id in chosen}
            self.rest = {id: record.at for id, record in records(graph) if id in loose}
        tools.view.raise_boxes([id for id in self.nodes if id in tools.view.boxes])
        tools.view.held = frozenset(self.nodes)

    def _whole(self, places: Mapping[str, Point]) -> Rect | None:
        """The rectangle around things in the hand, at some places."""
        boxes, there = self.tools.view.boxes, dict(records(self.tools.edits.graph))

        def size(id: str) -> tuple[float, float]:
            if id in boxes:
                return boxes[id].w, boxes[id].h
            return there[id].size if id in there else UNKNOWN_SIZE

        return around(area(at, size(id)) for id, at in places.items())

    @property
    def single(self) -> str:
        """The id of the node in the hand, if it is the only thing there."""
        return next(iter(self.nodes)) if len(self.nodes) == 1 and not self.rest else ""

    def move(self, pointer: Pointer) -> Gesture | None:
        """Moves everything, without an edit."""
        self.last = pointer
        dx, dy = self.moved(pointer)
        guides = []
        whole = self._whole({**self.nodes, **self.rest})
        if whole is not None and not pointer.alt:
            boxes = self.tools.view.boxes
            still = [box.rect for id, box in boxes.items() if id not in self.nodes]
            x, y, guides = snapped(shifted(whole, dx, dy), still, self.tools.reach(PIXELS))
            dx, dy = dx + x, dy + y
        self._shift = (dx, dy)
        self._draw(dx, dy)
        self.tools.canvas.show_guides(guides)
        self._look_for_cable(pointer)
        if self.single and not self._copies and self._shake.shaken(pointer.x, pointer.time):
            if not self.tools.edits.open:
                self.tools.edits.begin("Shake off")
            self.tools.edits.leave_cables(self.single)
        return None

    def _look_for_cable(self, pointer: Pointer) -> None:
        found = None
        if self.single and not pointer.alt:
            found = wire_under(self.tools.view, self.world(pointer), self.tools.reach(CATCH), frozenset([self.single]))
            if found is not None and not inserts(self.tools.edits, self.single, found.key):
                found = None
        if found != self.target:
            self.target = found
            self.tools.canvas.show_target(found.key if found else None)

    def _draw(self, dx: float, dy: float) -> None:
        canvas, graph = self.tools.canvas, self.tools.edits.graph
        for id, (x, y) in self.nodes.items():
            if id in self.tools.view.boxes:
                self.tools.view.place(id, x + dx, y + dy)
        there = dict(records(graph)) if self.rest else {}
        for id, (x, y) in self.rest.items():
            if id in there:
                draw(canvas, id, structs.replace(there[id], at=(x + dx, y + dy)))

    def release(self, pointer: Pointer) -> None:
        """Moves everything in one step; inserts, or grows the frame."""
        self.move(pointer)
        self._clear()
        edits, (dx, dy) = self.tools.edits, self._shift
        nodes = {id: (x + dx, y + dy) for id, (x, y) in self.nodes.items()}
        rest = {id: (x + dx, y + dy) for id, (x, y) in self.rest.items()}
        if self.target is not None and self.single in edits.graph.nodes:
            id, target = self.single, self.target
            rect = self._whole(nodes) or (0.0, 0.0, 0.0, 0.0)
            room = with_room(self.tools.view.boxes, edits.graph, rect, target.key.dst, [id])
            insert(edits, id, target.key, {**room, **nodes})
        else:
            grown = self._grown(pointer, nodes) if self.into_frame else []
            edits.do(*moves(edits.graph, nodes, rest), *grown, label="Move")
        edits.end()

    def _grown(self, pointer: Pointer, nodes: dict[str, Point]) -> list[Command]:
        """The command that makes the frame under the pointer hold the nodes."""
        graph, (x, y) = self.tools.edits.graph, self.world(pointer)
        under = [
            (id, rect) for id, rect in others(graph) if id in graph.frames and holds(rect, (x, y, x, y))
        ]  # fmt: skip
        whole = self._whole(nodes)
        if not under or whole is None:
            return []
        id, rect = min(under, key=lambda found: found[1][2] - found[1][0])
        pad = 16.0
        left, top = min(rect[0], whole[0] - pad), min(rect[1], whole[1] - 2 * pad)
        right, bottom = max(rect[2], whole[2] + pad), max(rect[3], whole[3] + pad)
        return [SetFrame(id, structs.replace(graph.frames[id], at=(left, top), size=(right - left, bottom - top)))]

    def cancel(self) -> None:
        """Puts everything back."""
        self._clear()
        self._draw(0.0, 0.0)
        self.tools.edits.cancel()

    def key(self, key: str, down: bool) -> bool:
        """F: the frame under the pointer is to hold what is moved, or not."""
        if key == "f" and down:
            self.into_frame = not self.into_frame
            words = "The frame grows to hold it" if self.into_frame else "The frame stays as it is"
            self.tools.popups.tell(words)
        return key == "f"

    def _clear(self) -> None:
        self.tools.view.held = frozenset()
        self.tools.canvas.show_target(None)
        self.tools.canvas.show_guides([])


class Resize(Gesture):
    """A corner of a frame, note or probe follows the pointer; the opposite corner stays."""

    LEAST = 40.0

    def __init__(self, tools: Tools, start: Pointer, id: str) -> None:
        super().__init__(tools, start)
        self.id = id
        self._first = self._now = dict(records(tools.edits.graph))[id]
        left, top, right, bottom = area(self._first.at, self._first.size)
        x, y = self.world(start)
        self._left, self._top = x < (left + right) / 2, y < (top + bottom) / 2

    def move(self, pointer: Pointer) -> Gesture | None:
        """Draws it with its new size."""
        dx, dy = self.moved(pointer)
        left, top, right, bottom = area(self._first.at, self._first.size)
        if self._left:
            left = min(left + dx, right - self.LEAST)
        else:
            right = max(right + dx, left + self.LEAST)
        if self._top:
            top = min(top + dy, bottom - self.LEAST)
        else:
            bottom = max(bottom + dy, top + self.LEAST)
        self._now = structs.replace(self._first, at=(left, top), size=(right - left, bottom - top))
        draw(self.tools.canvas, self.id, self._now)
        return None

    def release(self, pointer: Pointer) -> None:
        """Makes the edit."""
        self.move(pointer)
        if self._now != self._first and self.id in dict(records(self.tools.edits.graph)):
            self.tools.edits.do(put(self.id, self._now), label="Resize")

    def cancel(self) -> None:
        """Draws it as it was."""
        draw(self.tools.canvas, self.id, self._first)


def draw(canvas: Canvas, id: str, record: CanvasFrame | CanvasNote | Probe) -> None:
    """Draws a frame, note or probe, without an edit."""
    if isinstance(record, CanvasFrame):
        canvas.set_frame(id, record)
    elif isinstance(record, CanvasNote):
        canvas.set_note(id, record)
    else:
        canvas.set_probe(id, record)
