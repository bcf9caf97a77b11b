"""Keeps the canvas equal to the patch: finds what has changed, and makes the calls of `Canvas` that show it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.layout.box import Box, Hit, Pin, Rect, Wire
from demon_patch.editor.layout.boxes import NOTHING, Live, box_of, boxes_rect, subject_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.space import PIN_REACH, Space
from demon_patch.editor.layout.wires import Units, wire_of
from demon_patch.editor.look import numbers
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import REROUTE, SUBPATCH, CableKey, Graph

_DEPENDENT = (SUBPATCH, REROUTE)  # nodes whose boxes depend on other nodes


class View:
    """A patch on the canvas, or the inside of one of its definitions.

    patch: what is shown; None before the first update. within: the definition that is shown inside; None for the patch.
    space: where everything lies; the canvas reads it, too.
    held: the ids of boxes that a hand holds: an update leaves them where they are (`place`).
    """

    def __init__(self, canvas: Canvas, facts: Facts, space: Space | None = None) -> None:
        self.canvas, self.facts = canvas, facts
        self.space = Space() if space is None else space
        self.patch: Patch | None = None
        self.within: str | None = None
        self.live: Live = NOTHING
        self.problems: Mapping[str, str] = NOTHING
        self.held: frozenset[str] = frozenset()
        self._made_of: dict[str, Hashable] = {}
        self._wired_by: Hashable = None
        self._now: dict[tuple[str, str], float] = {}

    @property
    def boxes(self) -> dict[str, Box]:
        """The boxes by id."""
        return self.space.boxes

    @property
    def wires(self) -> dict[CableKey, Wire]:
        """The wires by key."""
        return self.space.wires

    @property
    def graph(self) -> Graph:
        """The graph that is shown."""
        return Graph() if self.patch is None else self.patch.graph(self.within)

    def update(self, patch: Patch, live: Live = NOTHING, problems: Mapping[str, str] = NOTHING) -> None:
        """Shows a patch. live: live values by (node, port). problems: what is wrong with a node, by id.

        Where the definition that was shown is gone, the patch is.
        """
        if self.within is not None and self.within not in patch.definitions:
            self.clear()
            self.within = None
        self.patch, self.live, self.problems = patch, live, problems
        graph = self.graph
        self._drop_wires({cable.key for cable in graph.cables})
        for id in [id for id in self.boxes if id not in graph.nodes]:
            self.space.drop(id)
            self._made_of.pop(id, None)
            self._now = {key: at for key, at in self._now.items() if key[0] != id}
            self.canvas.remove_box(id)
        stale = self._update_boxes(graph)
        self._update_wires(graph, stale)
        self._update_cards(graph)

    def learn(self) -> None:
        """Shows what has changed in `facts`."""
        self._made_of.clear()
        self._wired_by = None
        if self.patch is not None:
            self.update(self.patch, self.live, self.problems)

    def dive(self, definition: str | None) -> None:
        """Shows the inside of a definition, or the patch."""
        if definition == self.within:
            return
        self.clear()
        self.within = definition
        if self.patch is not None:
            self.update(self.patch, self.live, self.problems)

    def clear(self) -> None:
        """Takes everything off the canvas."""
        self._drop_wires(frozenset())
        for id in list(self.boxes):
            self.space.drop(id)
            self.canvas.remove_box(id)
        self._made_of.clear()
        self._now.clear()
        self._wired_by = None
        self._update_cards(Graph())

    # -- boxes ---------------------------------------------------------------------------------------------------
    def _update_boxes(self, graph: Graph) -> set[str]:
        """Returns the ids of the boxes whose pins may be elsewhere now."""
        stale: set[str] = set()
        by_node: dict[str, dict[str, Any]] = {}
        for (id, port), value in self.live.items():
            by_node.setdefault(id, {})[port] = value
        for id, node in graph.nodes.items():
            live, problem = by_node.get(id, {}), self.problems.get(id, "")
            ends = tuple(cable.port for cable in graph.cables_into(id)), tuple(c.out for c in graph.cables_from(id))
            made_of = (node, ends, tuple(sorted(live.items())), problem)
            if self._made_of.get(id) == made_of and node.type not in _DEPENDENT:
                box = self.boxes[id]
                if (box.x, box.y) != node.at and id not in self.held:
                    self.place(id, *node.at)
                continue
            self._made_of[id] = made_of
            assert self.patch is not None
            if self._show(box_of(subject_of(self.patch, self.within, id, self.facts, live, problem))):
                stale.add(id)
        return stale

    def _show(self, new: Box) -> bool:
        """Shows a box; returns whether it was drawn anew."""
        old = self.boxes.get(new.id)
        if old is not None and new.id in self.held:
            new.x, new.y = old.x, old.y
        if old is None or _shape(old) != _shape(new):
            if old is not None:
                self.space.boxes[new.id] = new
            self.space.put(new)
            self.canvas.add_box(new)
            lived = set() if old is None else {knob.name for knob in old.knobs if knob.live is not None}
            for knob in new.knobs:
                self._show_live(new.id, knob.name, knob, always=knob.name in lived)
            return old is not None
        if (old.x, old.y) != (new.x, new.y):
            self.place(new.id, new.x, new.y)
        for before, after in zip(old.rows, new.rows, strict=True):
            shown, knob = before.knob, after.knob
            if shown is None or knob is None:
                continue
            turned = (shown.position, before.text) != (knob.position, after.text)
            relived = shown.live != knob.live
            before.knob, before.text = knob, after.text
            if turned:
                self.canvas.turn(new.id, after.port, knob.position, after.text)
            if relived:
                self._show_live(new.id, after.port, knob, always=True)
        if old.problem != new.problem:
            old.problem = new.problem
            self.canvas.set_problem(new.id, new.problem)
        return False

    def place(self, id: str, x: float, y: float) -> None:
        """Moves a box on the canvas, before the document has it; the next update puts it where the document says."""
        box = self.boxes[id]
        box.x, box.y = x, y
        self.space.put(box)
        self.canvas.move_box(id, x, y)

    def raise_boxes(self, ids: list[str]) -> None:
        """Puts boxes on top."""
        self.space.raise_boxes(ids)
        self.canvas.raise_boxes(ids)

    def show_now(self, node: str, port: str, now: float | None) -> None:
        """Shows where modulation has a knob, 0 to 1; None where nothing modulates it."""
        if now is None:
            self._now.pop((node, port), None)
        else:
            self._now[node, port] = now
        knob = self.knob(node, port)
        if knob is not None:
            self.canvas.modulate(node, port, now, _live_position(knob))

    def _show_live(self, node: str, port: str, knob: Any, always: bool = False) -> None:
        now, live = self._now.get((node, port)), _live_position(knob)
        if always or now is not None or live is not None:
            self.canvas.modulate(node, port, now, live)

    # -- cables --------------------------------------------------------------------------------------------------
    def _drop_wires(self, kept: Any) -> None:
        for key in [key for key in self.wires if key not in kept]:
            self.space.drop_wire(key)
            self.canvas.remove_wire(key)

    def _update_wires(self, graph: Graph, stale: set[str]) -> None:
        assert self.patch is not None
        nodes = tuple((id, node.type, node.bypass, node.muted) for id, node in graph.nodes.items())
        wired_by = (graph.cables, self.patch.definitions, nodes, self.within)
        if self._wired_by == wired_by:
            again = {key for id in stale for key in self.space.wires_of(id)}
            for key in sorted(again):
                self.canvas.add_wire(self.wires[key])
            return
        self._wired_by = wired_by
        units = Units(self.patch, self.facts)
        for cable in graph.cables:
            wire = wire_of(cable, self.within, units)
            if self.wires.get(wire.key) != wire or wire.key.src in stale or wire.key.dst in stale:
                self.space.put_wire(wire)
                self.canvas.add_wire(wire)

    # -- frames, notes, probes -----------------------------------------------------------------------------------
    def _update_cards(self, graph: Graph) -> None:
        space, canvas = self.space, self.canvas
        _differ(space.frames, graph.frames, space.put_frame, canvas.set_frame)
        _differ(space.notes, graph.notes, space.put_note, canvas.set_note)
        _differ(space.probes, graph.probes, space.put_probe, canvas.set_probe)

    # -- questions -----------------------------------------------------------------------------------------------
    def at(self, x: float, y: float, reach: float = PIN_REACH, *, wires_only: bool = False) -> Hit:
        """Returns what lies under a point of the canvas (`Space.at`)."""
        return self.space.at(x, y, reach, wires_only=wires_only)

    def pins(self, rect: Rect | None = None) -> list[Pin]:
        """Returns all pins that are shown; of the boxes that a rectangle touches, if one is given."""
        ids = list(self.boxes) if rect is None else self.space.within(rect)
        return [pin for id in ids for pin in self.boxes[id].pins if not pin.folded]

    def knob(self, node: str, port: str) -> Any:
        """Returns the knob of a port; None where it is not shown."""
        box = self.boxes.get(node)
        return None if box is None else next((knob for knob in box.knobs if knob.name == port), None)

    def rect_of(self, ids: Any = None) -> Rect | None:
        """Returns the least rectangle that holds boxes; all that is on the canvas without ids; None for nothing."""
        if ids is None:
            return self.space.rect
        return boxes_rect([self.boxes[id] for id in ids if id in self.boxes])


def _shape(box: Box) -> Hashable:
    """All of a box that cannot change without drawing it anew."""
    rows = tuple(
        (row.port, row.y, row.title, row.kind, "" if row.knob else row.text, *_knob_shape(row.knob)) for row in box.rows
    )
    pins = tuple((p.name, p.type, p.out, p.x, p.y, p.title, p.wired, p.folded) for p in box.pins)
    face = (box.type, box.title, box.category, box.w, box.h, box.known, box.colour, box.bypass, box.muted)
    return face, rows, pins, box.display, box.text, box.hidden, box.unfolded


def _knob_shape(knob: Any) -> tuple[Hashable, ...]:
    return () if knob is None else (knob.type, knob.centred, knob.lo, knob.hi, knob.taper, knob.unit, knob.play)


def _live_position(knob: Any) -> float | None:
    return None if knob.live is None else numbers.position(knob.live, knob.lo, knob.hi, knob.taper)


def _differ(shown: Mapping[str, Any], wanted: Mapping[str, Any], put: Any, draw: Any) -> None:
    for id in [id for id in shown if id not in wanted]:
        put(id, None)
        draw(id, None)
    for id, record in wanted.items():
        if shown.get(id) != record:
            put(id, record)
            draw(id, record)
