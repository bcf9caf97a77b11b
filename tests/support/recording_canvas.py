"""A canvas without a window: it keeps what it is told, as a scene draws it, and refuses what a scene cannot do."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Box, Pin, Point, Rect, Wire
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.graph import CableKey


class RecordingCanvas:
    """What a scene would show. calls: the name and arguments of every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.boxes: dict[str, Box] = {}
        self.wires: dict[CableKey, Wire] = {}
        self.frames: dict[str, CanvasFrame] = {}
        self.notes: dict[str, CanvasNote] = {}
        self.probes: dict[str, Probe] = {}
        self.modulated: dict[tuple[str, str], tuple[float | None, float | None]] = {}
        self.selected: tuple[frozenset[str], frozenset[CableKey], frozenset[str]] = (frozenset(),) * 3  # type: ignore
        self.traces: dict[CableKey, Any] = {}
        self.displays: dict[str, Mapping[str, object]] = {}
        self.rings: dict[tuple[str, str], float] = {}
        self.ghosts: dict[tuple[str, str], float] = {}
        self.odd: set[CableKey] = set()
        self.hovered: tuple[CableKey | None, Pin | None] = (None, None)
        self.kept: Collection[CableKey] | None = None
        self.cable: tuple[Point, Point, str] | None = None
        self.marked: Point | None = None
        self.offered: list[tuple[Point, str]] | None = None
        self.band: Rect | None = None
        self.knife: list[Point] | None = None
        self.cut: frozenset[CableKey] = frozenset()
        self.target: CableKey | None = None
        self.guides: list[tuple[Point, Point]] = []

    def _called(self, name: str, *given: Any) -> None:
        self.calls.append((name, given))

    def names(self) -> list[str]:
        """The names of all calls."""
        return [name for name, _ in self.calls]

    def picture(self) -> dict[str, Any]:
        """What is seen, apart from selection and gestures."""
        return {
            "boxes": {id: _seen(box) for id, box in self.boxes.items()},
            "wires": {key: (wire, self._ends(key)) for key, wire in self.wires.items()},
            "frames": dict(self.frames),
            "notes": dict(self.notes),
            "probes": dict(self.probes),
            "modulated": {key: at for key, at in self.modulated.items() if at != (None, None)},
        }

    def _ends(self, key: CableKey) -> tuple[Point, Point]:
        source, target = self.boxes[key.src], self.boxes[key.dst]
        a, b = source.pin(key.out, True), target.pin(key.port, False)
        return (source.x + a.x, source.y + a.y), (target.x + b.x, target.y + b.y)

    def add_box(self, box: Box) -> None:
        self._called("add_box", box.id)
        self.boxes[box.id] = copy.deepcopy(box)
        knobs = {knob.name for knob in box.knobs}
        for key in [key for key in self.modulated if key[0] == box.id and key[1] not in knobs]:
            del self.modulated[key]

    def remove_box(self, id: str) -> None:
        self._called("remove_box", id)
        assert not [key for key in self.wires if id in (key.src, key.dst)], "its cables have not gone"
        del self.boxes[id]
        for key in [key for key in self.modulated if key[0] == id]:
            del self.modulated[key]

    def move_box(self, id: str, x: float, y: float) -> None:
        self._called("move_box", id, x, y)
        self.boxes[id].x, self.boxes[id].y = x, y

    def raise_boxes(self, ids: Collection[str]) -> None:
        self._called("raise_boxes", tuple(ids))
        assert set(ids) <= self.boxes.keys()

    def add_wire(self, wire: Wire) -> None:
        self._called("add_wire", wire.key)
        assert {wire.key.src, wire.key.dst} <= self.boxes.keys(), "an end is missing"
        self.wires[wire.key] = wire

    def remove_wire(self, key: CableKey) -> None:
        self._called("remove_wire", key)
        del self.wires[key]

    def set_frame(self, id: str, frame: CanvasFrame | None) -> None:
        self._called("set_frame", id, frame)
        _put(self.frames, id, frame)

    def set_note(self, id: str, note: CanvasNote | None) -> None:
        self._called("set_note", id, note)
        _put(self.notes, id, note)

    def set_probe(self, id: str, probe: Probe | None) -> None:
        self._called("set_probe", id, probe)
        _put(self.probes, id, probe)

    def turn(self, node: str, port: str, position: float, text: str) -> None:
        self._called("turn", node, port, position, text)
        row = next(row for row in self.boxes[node].rows if row.port == port)
        assert row.knob is not None
        row.knob.position, row.text = position, text

    def select(self, boxes: Collection[str], wires: Collection[CableKey], others: Collection[str]) -> None:
        self._called("select", frozenset(boxes), frozenset(wires), frozenset(others))
        self.selected = frozenset(boxes), frozenset(wires), frozenset(others)

    def hover(self, wire: CableKey | None, pin: Pin | None) -> None:
        self._called("hover", wire, pin)
        self.hovered = wire, pin

    def dim(self, keep: Collection[CableKey] | None) -> None:
        self._called("dim", keep)
        self.kept = keep

    def hold_cable(self, start: Point | None, end: Point = (0.0, 0.0), type: str = "value") -> None:
        self._called("hold_cable", start, end, type)
        self.cable = None if start is None else (start, end, type)

    def mark(self, at: Point | None) -> None:
        self._called("mark", at)
        self.marked = at

    def offer(self, pins: Sequence[tuple[Point, str]] | None) -> None:
        self._called("offer", None if pins is None else tuple(pins))
        self.offered = None if pins is None else list(pins)

    def show_band(self, rect: Rect | None) -> None:
        self._called("show_band", rect)
        self.band = rect

    def show_knife(self, line: Sequence[Point] | None, cut: Collection[CableKey] = ()) -> None:
        self._called("show_knife", None if line is None else tuple(line), frozenset(cut))
        self.knife, self.cut = None if line is None else list(line), frozenset(cut)

    def show_target(self, wire: CableKey | None) -> None:
        self._called("show_target", wire)
        self.target = wire

    def show_guides(self, lines: Sequence[tuple[Point, Point]]) -> None:
        self._called("show_guides", tuple(lines))
        self.guides = list(lines)

    def look(self) -> None:
        self._called("look")

    def modulate(self, node: str, port: str, now: float | None, live: float | None) -> None:
        self._called("modulate", node, port, now, live)
        assert any(knob.name == port for knob in self.boxes[node].knobs)
        self.modulated[node, port] = now, live

    def trace(self, key: CableKey, values: Array) -> None:
        self._called("trace", key)
        self.traces[key] = values

    def beads(self, key: CableKey, places: Sequence[float]) -> None:
        self._called("beads", key, tuple(places))

    def display(self, node: str, data: Mapping[str, object]) -> None:
        self._called("display", node, data)
        self.displays[node] = data

    def heard(self, node: str, port: str, share: float | None) -> None:
        self._called("heard", node, port, share)
        if share is None:
            self.rings.pop((node, port), None)
        else:
            self.rings[node, port] = share

    def ghost(self, node: str, port: str, position: float | None) -> None:
        self._called("ghost", node, port, position)
        _put_or_drop(self.ghosts, (node, port), position)

    def set_remark(self, key: CableKey, on: bool) -> None:
        self._called("set_remark", key, on)
        (self.odd.add if on else self.odd.discard)(key)

    def set_problem(self, node: str, problem: str) -> None:
        self._called("set_problem", node, problem)
        self.boxes[node].problem = problem


def _put_or_drop(held: dict[Any, Any], key: Any, value: Any) -> None:
    if value is None:
        held.pop(key, None)
    else:
        held[key] = value


def _put(held: dict[str, Any], id: str, record: Any) -> None:
    if record is None:
        del held[id]
    else:
        held[id] = record


def _seen(box: Box) -> Any:
    """A box without the numbers that are drawn only as positions and texts."""
    seen = copy.deepcopy(box)
    for knob in seen.knobs:
        knob.value, knob.live = 0.0, None
    return seen
