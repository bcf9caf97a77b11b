"""The pictures in nodes that can be taken hold of: pads, steps, drawn lines, envelopes, dials, buttons."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.hands.values import Stream, rounded
from demon_patch.editor.layout.box import Display, Point
from demon_patch.editor.look import numbers
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.commands import SetValue
from demon_patch.runtime.remote.messages.live import Turn as TurnLive

EDGE, PAD_EDGE, STEP_EDGE = 7.0, 5.0, 5.0
"""The margins of lines and envelopes, of pads, and of steps, in their pictures (`canvas.displays`)."""
CORNER = 9.0
"""Pixels from which a point of a line can be taken hold of."""
LEAST_APART = 0.01
"""Between two points of a line, in what it counts."""


class PictureDrag(Gesture, ABC):
    """A picture in the hand: sets ports of its node, at most 60 times a second, in one undo step."""

    LABEL = "Set value"

    def __init__(self, tools: Tools, start: Pointer, node: str) -> None:
        super().__init__(tools, start)
        self.node = node
        self._sent: dict[str, Any] = {}
        self._next: dict[str, Any] = {}
        self._sent_at = -math.inf

    @abstractmethod
    def values(self, pointer: Pointer) -> Mapping[str, Any]:
        """Returns what the ports are to hold with the pointer at a place."""

    def port(self, name: str) -> Port | None:
        """Returns a port of the node."""
        edits = self.tools.edits
        return edits.ports.inputs(self.node).get(name) if self.node in edits.graph.nodes else None

    def held(self, name: str) -> Any:
        """Returns what a port holds in the document."""
        tools = self.tools
        node = tools.edits.graph.nodes.get(self.node)
        return None if node is None else node.values.get(name, tools.view.facts.default(node.type, name))

    def at_share(self, name: str, share: float) -> Any:
        """Returns the number of a port at a share of its range, 0 to 1."""
        port = self.port(name)
        if port is None:
            return None
        value = numbers.number(min(1.0, max(0.0, share)), port.lo, port.hi, port.taper)
        return rounded(value, port.lo, port.hi, port.taper)

    def inside(self, pointer: Pointer) -> Point | None:
        """Returns the place of the pointer in the node's picture, from its upper left corner."""
        box = self.tools.view.boxes.get(self.node)
        if box is None or box.display is None:
            return None
        x, y = self.world(pointer)
        return x - box.x - box.display.x, y - box.y - box.display.y

    def move(self, pointer: Pointer) -> Gesture | None:
        """Sets the ports."""
        self._next |= {name: value for name, value in self.values(pointer).items() if value is not None}
        if pointer.time - self._sent_at >= Stream.SECONDS:
            self._send(pointer.time)
        return None

    def _send(self, time: float) -> None:
        edits = self.tools.edits
        changed = {name: value for name, value in self._next.items() if self._sent.get(name, self.held(name)) != value}
        self._next = {}
        if not changed or self.node not in edits.graph.nodes:
            return
        if not edits.open:
            edits.begin(self.LABEL)
        self._sent |= changed
        self._sent_at = time
        edits.do(*(SetValue(self.node, name, value) for name, value in changed.items()), label=self.LABEL)

    def release(self, pointer: Pointer) -> None:
        """Sends what waits, and closes the step."""
        self.move(pointer)
        self._send(pointer.time)
        self.tools.edits.end()

    def cancel(self) -> None:
        """Puts everything back."""
        self.tools.edits.cancel()


class PadDrag(PictureDrag):
    """The bead of a pad follows the pointer: x to the right, y up."""

    LABEL = "Move on the pad"

    def values(self, pointer: Pointer) -> Mapping[str, Any]:
        """Both numbers."""
        place, box = self.inside(pointer), self.tools.view.boxes.get(self.node)
        if place is None or box is None or box.display is None:
            return {}
        left, top, side = pad(box.display)
        return {
            "x": self.at_share("x", (place[0] - left) / side),
            "y": self.at_share("y", 1.0 - (place[1] - top) / side),
        }


def pad(shown: Display) -> tuple[float, float, float]:
    """Returns left, top and side of the square in which a pad's bead moves, from the picture's upper left corner."""
    side = min(shown.h, shown.w) - 2 * PAD_EDGE
    left = 6.0 if shown.w > 1.7 * shown.h else (shown.w - side) / 2
    return left + 3.0, (shown.h - side) / 2 + 3.0, side - 6.0


class StepsDrag(PictureDrag):
    """Steps are drawn with the pointer: each step under it gets the height at which it is; with Alt its default."""

    LABEL = "Draw steps"

    def __init__(self, tools: Tools, start: Pointer, node: str, names: list[str]) -> None:
        super().__init__(tools, start, node)
        self._names = names
        self._before: tuple[int, float] | None = None

    def values(self, pointer: Pointer) -> Mapping[str, Any]:
        """The steps between the last look and this one."""
        place, box = self.inside(pointer), self.tools.view.boxes.get(self.node)
        if place is None or box is None or box.display is None or not self._names:
            return {}
        shown = box.display
        width = (shown.w - 2 * STEP_EDGE) / len(self._names)
        step = min(len(self._names) - 1, max(0, int((place[0] - STEP_EDGE) / width)))
        share = 1.0 - (place[1] - 6.0) / max(shown.h - 14.0, 1.0)
        first, from_share = self._before or (step, share)
        self._before = (step, share)
        found: dict[str, Any] = {}
        for at in range(min(first, step), max(first, step) + 1):
            way = (at - first) / (step - first) if step != first else 1.0
            name = self._names[at]
            port = self.port(name)
            level = from_share + way * (share - from_share)
            found[name] = port.default if pointer.alt and port is not None else self.at_share(name, level)
        return found


class LineDrag(PictureDrag):
    """A point of a drawn line follows the pointer, between its neighbours; the first and the last keep their place.

    place: which point. whole: whether the picture is of a whole song (`ends_of`). With Alt the point is taken away.
    """

    LABEL = "Draw"

    def __init__(
        self, tools: Tools, start: Pointer, node: str, port: str, points: list[list[float]], place: int, whole: bool
    ) -> None:
        super().__init__(tools, start, node)
        self._port, self._points, self._place = port, points, place
        self._ends = ends_of(points, whole)

    def values(self, pointer: Pointer) -> Mapping[str, Any]:
        """The points, with the one in the hand at its new place."""
        place, box = self.inside(pointer), self.tools.view.boxes.get(self.node)
        if place is None or box is None or box.display is None:
            return {}
        x, y = placed(place, box.display, self._ends)
        points, at = [list(point) for point in self._points], self._place
        if 0 < at < len(points) - 1:
            low, high = points[at - 1][0] + LEAST_APART, points[at + 1][0] - LEAST_APART
            points[at][0] = round(min(max(x, low), max(low, high)), 4)
        points[at][1] = round(y, 4)
        if pointer.alt and 0 < at < len(points) - 1 and len(points) > 2:
            del points[at]
        return {self._port: points}


Ends = tuple[float, float, float, float]
"""Left, right, lowest and highest of what a picture shows."""


def ends_of(points: list[list[float]], whole: bool = False) -> Ends:
    """Returns what the picture of a line shows. whole: of a line over a whole song, which begins at 0 and ends at 1, or
    at its last point."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    if whole:
        return 0.0, 1.0 if max(xs) <= 1.0 else max(xs), min(0.0, *ys), max(1.0, *ys)
    return min(xs), max(*xs, min(xs) + 1e-9), min(0.0, *ys), max(1.0, *ys)


def placed(place: Point, shown: Display, ends: Ends) -> Point:
    """Returns a place in the picture of a line as where and value, within what it shows."""
    left, right, low, high = ends
    across = (place[0] - EDGE) / max(shown.w - 2 * EDGE, 1.0)
    up = 1.0 - (place[1] - EDGE) / max(shown.h - 2 * EDGE, 1.0)
    across, up = min(1.0, max(0.0, across)), min(1.0, max(0.0, up))
    return left + across * (right - left), low + up * (high - low)


def point_at(place: Point, shown: Display, points: list[list[float]], reach: float, whole: bool = False) -> int | None:
    """Returns which point of a line lies at a place in its picture, within a reach."""
    left, right, low, high = ends_of(points, whole)
    best, least = None, reach
    for at, point in enumerate(points):
        x = EDGE + (point[0] - left) / (right - left) * (shown.w - 2 * EDGE)
        y = shown.h - EDGE - (point[1] - low) / max(high - low, 1e-9) * (shown.h - 2 * EDGE)
        away = math.hypot(place[0] - x, place[1] - y)
        if away <= least:
            best, least = at, away
    return best


class EnvelopeDrag(PictureDrag):
    """A part of an envelope follows the pointer: sideways its time, upward its sustain.

    name: the port of the time. level: the port of the level, if the part has one.
    """

    LABEL = "Shape the envelope"

    def __init__(self, tools: Tools, start: Pointer, node: str, name: str, level: str) -> None:
        super().__init__(tools, start, node)
        self._name, self._level = name, level
        self._first = {port: self.held(port) for port in (name, level) if port}
        self._share = {port: self._at(port, value) for port, value in self._first.items()}

    def _at(self, name: str, value: Any) -> float:
        port = self.port(name)
        return 0.0 if port is None else numbers.position(float(value), port.lo, port.hi, port.taper)

    def values(self, pointer: Pointer) -> Mapping[str, Any]:
        """The part's time and level."""
        box = self.tools.view.boxes.get(self.node)
        if box is None or box.display is None:
            return {}
        dx, dy = self.moved(pointer)
        found = {}
        if self._name:
            found[self._name] = self.at_share(self._name, self._share[self._name] + dx / box.display.w)
        if self._level:
            found[self._level] = self.at_share(self._level, self._share[self._level] - dy / (box.display.h - 2 * EDGE))
        return found


def envelope_part(place: Point, shown: Display, ports: Mapping[str, Any]) -> tuple[str, str]:
    """Returns the ports of the part of an envelope at a place in its picture: of its time and of its level.

    ports: the numbers of the envelope, by port.
    """
    has_sustain = "sustain" in ports
    parts = [("attack", 0.02), ("hold", 0.0), ("decay", 0.02), ("release", 0.02)]
    widths = [(name, math.sqrt(max(0.0, float(ports[name]))) + more) for name, more in parts if name in ports]
    if has_sustain:
        at = next((i for i, (name, _) in enumerate(widths) if name == "release"), len(widths))
        widths.insert(at, ("sustain", 0.22 / 0.78 * sum(width for _, width in widths)))
    whole = sum(width for _, width in widths) or 1.0
    share = (place[0] - EDGE) / max(shown.w - 2 * EDGE, 1.0)
    ends = accumulate(width / whole for _, width in widths)
    name = next((name for (name, _), end in zip(widths, ends, strict=True) if share <= end), widths[-1][0])
    if name == "sustain":
        return "", "sustain"
    return name, "sustain" if name == "decay" and has_sustain else ""


class DialDrag(PictureDrag):
    """A large dial follows the pointer up and down, as a knob does."""

    LABEL = "Set value"

    def __init__(self, tools: Tools, start: Pointer, node: str, name: str) -> None:
        super().__init__(tools, start, node)
        self._name, port = name, self.port(name)
        value = self.held(name)
        self._share = 0.0 if port is None else numbers.position(float(value or 0.0), port.lo, port.hi, port.taper)

    def values(self, pointer: Pointer) -> Mapping[str, Any]:
        """The number."""
        fine = 1800.0 if pointer.shift else 180.0
        self._share = min(1.0, max(0.0, self._share + (self.last.y - pointer.y) / fine))
        self.last = pointer
        return {self._name: self.at_share(self._name, self._share)}


class ButtonPress(Gesture):
    """A button is down for as long as the pointer presses it. It is a live value, and no edit."""

    def __init__(self, tools: Tools, start: Pointer, node: str, port: str) -> None:
        super().__init__(tools, start)
        self._node, self._port = node, port
        self._turn(1.0)

    def _turn(self, value: float) -> None:
        self.tools.edits.ask(TurnLive(values=((self._node, self._port, value),)))

    def release(self, pointer: Pointer) -> None:
        """Lets it go."""
        self._turn(0.0)

    def cancel(self) -> None:
        """Lets it go."""
        self._turn(0.0)
