"""Cables in the hand: a new one, the end of an old one, all cables of an output."""

from __future__ import annotations

from collections.abc import Callable

from demon_patch.editor.hands.gestures.base import SLACK, Gesture
from demon_patch.editor.hands.places import nearest, offered, pin_of, place
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Pin, Point
from demon_patch.editor.panels.protocol import Item
from demon_patch.patch.model.graph import CableKey

SNAP = 24.0
"""Pixels within which the cable's end snaps to a pin."""


def misfit(fixed: Pin, other: Pin) -> str:
    """Returns why no cable leads between two pins, as a sentence."""
    if fixed.out == other.out:
        return "A cable leads from an output to an input"
    out, port = (fixed, other) if fixed.out else (other, fixed)
    taking, giving = port.title or port.name, out.title or out.name
    return f"{taking} takes a {port.type}; {giving} gives a {out.type}"


class CableDrag(Gesture):
    """A cable from a pin that stays to the pointer. Pins that fit are ringed, all others fade; the end snaps to them.

    fixed: the pin at the end that stays. into_space: what is done where the cable is let go on empty ground.
    """

    def __init__(self, tools: Tools, start: Pointer, fixed: Pin, into_space: Callable[[Point, Pin], object]) -> None:
        super().__init__(tools, start)
        self.fixed, self._into_space = fixed, into_space
        self.pins = offered(tools.view, fixed)
        self.target: Pin | None = None
        self._far = False
        tools.canvas.offer([(at, pin.type) for pin, at in self.pins])
        tools.canvas.dim(self.kept())

    def kept(self) -> list[CableKey]:
        """The cables that are not dimmed."""
        return []

    def move(self, pointer: Pointer) -> Gesture | None:
        """Draws the cable to the pointer, or to the pin that it snaps to."""
        self._far = self._far or pointer.away(self.start) > SLACK
        at = self.world(pointer)
        found = nearest(self.pins, at, self.tools.reach(SNAP))
        self.target = found[0] if found else None
        end = found[1] if found else at
        box = self.tools.view.boxes.get(self.fixed.node)
        begin = place(box, self.fixed) if box else self.world(self.start)
        a, b = (begin, end) if self.fixed.out else (end, begin)
        self.tools.canvas.hold_cable(a, b, self.fixed.type)
        self.tools.canvas.mark(found[1] if found else None)
        return None

    def release(self, pointer: Pointer) -> None:
        """Joins the pins; on empty ground, hands the pin on."""
        self.move(pointer)
        self._clear()
        if self.target is not None:
            self.landed(self.target, pointer)
            return
        if not self._far:
            return
        at = self.world(pointer)
        hit = self.tools.view.at(*at, self.tools.reach(4.0))
        pin = pin_of(self.tools.view, hit)
        if pin is not None and pin.node != self.fixed.node:
            self.tools.popups.tell(misfit(self.fixed, pin), "warning")
        elif hit.id and hit.id != self.fixed.node and hit.id in self.tools.view.boxes:
            self._offer_ports(hit.id, pointer)
        elif hit.kind in ("ground", "wire", "depth", "frame", "note"):
            self.spaced(at)

    def landed(self, target: Pin, pointer: Pointer) -> None:
        """Plugs the cable; Shift leaves the cables that are there."""
        out, port = (self.fixed, target) if self.fixed.out else (target, self.fixed)
        self.tools.edits.plug(out, port, pointer.shift)

    def spaced(self, at: Point) -> None:
        """The cable was let go on empty ground."""
        self._into_space(at, self.fixed)

    def _offer_ports(self, node: str, pointer: Pointer) -> None:
        """The cable was let go on a node, beside its pins: asks for the port, since some ports are folded."""
        fitting = self.tools.edits.fitting(self.fixed, node)
        if not fitting:
            self.tools.popups.tell("Nothing of this node fits this cable", "warning")
            return
        box = self.tools.view.boxes[node]

        def land(name: str) -> Callable[[], object]:
            return lambda: self.landed(box.pin(name, not self.fixed.out), pointer)

        self.tools.popups.menu(self.tools.pixel(pointer.at), [Item(title, land(name)) for name, title in fitting])

    def cancel(self) -> None:
        """Takes the cable away."""
        self._clear()

    def _clear(self) -> None:
        self.tools.canvas.hold_cable(None)
        self.tools.canvas.mark(None)
        self.tools.canvas.offer(None)
        self.tools.canvas.dim(None)


class EndDrag(CableDrag):
    """The end of an old cable in the hand: another port moves it, empty ground unplugs it."""

    def __init__(
        self, tools: Tools, start: Pointer, fixed: Pin, wire: CableKey, into_space: Callable[[Point, Pin], object]
    ) -> None:
        self.wire = wire
        super().__init__(tools, start, fixed, into_space)

    def kept(self) -> list[CableKey]:
        """The cable in the hand."""
        return [self.wire]

    def landed(self, target: Pin, pointer: Pointer) -> None:
        """Moves the end."""
        self.tools.edits.move_end(self.wire, target, pointer.shift)

    def spaced(self, at: Point) -> None:
        """Unplugs the cable."""
        self.tools.edits.cut([self.wire], "Unplug")


class Carry(CableDrag):
    """All cables of an output in the hand: another output takes them.

    moving: the output that they have now.
    """

    def __init__(self, tools: Tools, start: Pointer, moving: Pin, ends: list[tuple[Pin, Point]]) -> None:
        self.moving = moving
        super().__init__(tools, start, ends[0][0], lambda at, pin: None)

    def landed(self, target: Pin, pointer: Pointer) -> None:
        """Carries the cables over."""
        self.tools.edits.carry(self.moving.node, self.moving.name, target)

    def spaced(self, at: Point) -> None:
        """Nothing: the cables stay where they are."""


def pick_up(tools: Tools, start: Pointer, pin: Pin, into_space: Callable[[Point, Pin], object]) -> Gesture:
    """Returns the gesture that a drag from a pin begins.

    From an occupied port it picks up a cable's end: of a selected or hovered cable if there are several, else of the
    last one. Shift begins a new cable there. Ctrl from an output picks up all its cables.
    """
    graph, boxes = tools.edits.graph, tools.view.boxes
    if pin.out and start.ctrl:
        ends = [
            (boxes[c.dst].pin(c.port, False), place(boxes[c.dst], boxes[c.dst].pin(c.port, False)))
            for c in graph.cables_from(pin.node, pin.name)
            if c.dst in boxes
        ]
        return Carry(tools, start, pin, ends) if ends else CableDrag(tools, start, pin, into_space)
    there = () if pin.out or start.shift else graph.cables_into(pin.node, pin.name)
    keys = [cable.key for cable in there if cable.src in boxes]
    if not keys:
        return CableDrag(tools, start, pin, into_space)
    chosen = [key for key in keys if key in tools.selection.wires or key == tools.hover.wire]
    key = chosen[0] if chosen else keys[-1]
    return EndDrag(tools, start, boxes[key.src].pin(key.out, True), key, into_space)
