"""Which gesture a press on a node's picture begins, by the word of the picture and the ports of the node."""

from __future__ import annotations

import re
from typing import Any

from demon_patch.editor.hands.gestures import map as maps
from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.gestures.picture import (
    CORNER,
    ButtonPress,
    DialDrag,
    EnvelopeDrag,
    LineDrag,
    PadDrag,
    StepsDrag,
    ends_of,
    envelope_part,
    placed,
    point_at,
)
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Box, Display, Point
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.commands import SetValue

_NUMBERED = re.compile(r"([a-z]+)1")
_LENGTHS = ("length", "steps")
_TIMES = ("attack", "hold", "decay", "sustain", "release")


def begin(tools: Tools, pointer: Pointer, box: Box, twice: bool) -> Gesture | None:
    """Returns the gesture of a press on the picture of a node; None where the picture is only looked at.

    twice: whether it is the second press of a double click.
    """
    shown, edits = box.display, tools.edits
    if shown is None or box.id not in edits.graph.nodes:
        return None
    ports = {name: port for name, port in edits.ports.inputs(box.id).items() if not port.live}
    x, y = tools.camera.world(pointer.x, pointer.y)
    place = (x - box.x - shown.x, y - box.y - shown.y)
    if shown.kind == "steps":
        names = step_ports(ports, lambda name: held(tools, box.id, name))
        return StepsDrag(tools, pointer, box.id, names) if names else None
    if shown.kind in ("line", "curve"):
        return _line(tools, pointer, box, shown, place, ports, twice)
    if shown.kind == "envelope":
        return _envelope(tools, pointer, box, shown, place, ports)
    if shown.kind == "map":
        return _map(tools, pointer, box, shown, place)
    return _held_whole(tools, pointer, box, shown, ports)


def _held_whole(tools: Tools, pointer: Pointer, box: Box, shown: Display, ports: dict[str, Port]) -> Gesture | None:
    """A picture that is one control as a whole: a pad, a dial, a button."""
    if shown.kind == "pad" and {"x", "y"} <= ports.keys():
        return PadDrag(tools, pointer, box.id)
    numeric = [port.name for port in ports.values() if port.numeric and port.bounded]
    if shown.kind == "dial" and len(numeric) == 1:
        return DialDrag(tools, pointer, box.id, numeric[0])
    if shown.kind == "lamp" and "pressed" in ports and tools.edits.within is None:
        return ButtonPress(tools, pointer, box.id, "pressed")
    return None


def _map(tools: Tools, pointer: Pointer, box: Box, shown: Display, place: Point) -> Gesture:
    """The listener of a map in the hand, or the place under the pointer."""
    places = [
        (f"at_x{n}", f"at_y{n}", float(held(tools, box.id, f"at_x{n}")), float(held(tools, box.id, f"at_y{n}")))
        for n, wired in enumerate(prompts_wired(box), 1)
        if wired
    ]
    ear = float(held(tools, box.id, "x")), float(held(tools, box.id, "y"))
    names = maps.taken(place, shown, places, ear, maps.CORNER / max(tools.camera.zoom, 0.5))
    return maps.MapDrag(tools, pointer, box.id, names)


def prompts_wired(box: Box) -> list[bool]:
    """Returns for each prompt that goes into a node whether it has a cable."""
    return [pin.wired for pin in box.pins if pin.type == "prompt" and not pin.out]


def _envelope(
    tools: Tools, pointer: Pointer, box: Box, shown: Display, place: Point, ports: dict[str, Port]
) -> Gesture | None:
    """The part of an envelope under the pointer in the hand."""
    values = {name: held(tools, box.id, name) for name in _TIMES if name in ports}
    if not values:
        return None
    time, level = envelope_part(place, shown, values)
    return EnvelopeDrag(tools, pointer, box.id, time, level)


def click(tools: Tools, box: Box) -> None:
    """Does what a click on a picture does: a toggle turns over."""
    ports = tools.edits.ports.inputs(box.id) if box.id in tools.edits.graph.nodes else {}
    if box.display is not None and box.display.kind == "lamp" and "on" in ports:
        on = float(held(tools, box.id, "on") or 0.0)
        tools.edits.do(SetValue(box.id, "on", 0.0 if on >= 0.5 else 1.0), label="Toggle")


def held(tools: Tools, node: str, port: str) -> Any:
    """Returns what a port holds in the document."""
    found = tools.edits.graph.nodes[node]
    return found.values.get(port, tools.view.facts.default(found.type, port))


def step_ports(ports: dict[str, Port], value: Any) -> list[str]:
    """Returns the ports of the steps that a picture of steps shows, in order: the first row of numbered ports, as many
    as the length says. value: what a port holds."""
    bank = next((found[1] for name in ports if (found := _NUMBERED.fullmatch(name))), None)
    if bank is None:
        return []
    names = [name for name in ports if re.fullmatch(rf"{bank}\d+", name) and ports[name].numeric]
    length = next((value(name) for name in _LENGTHS if name in ports), len(names))
    return names[: max(1, min(len(names), round(float(length))))]


def _line(
    tools: Tools, pointer: Pointer, box: Box, shown: Display, place: Point, ports: dict[str, Port], twice: bool
) -> Gesture | None:
    """A point of a line in the hand. A double click beside the points adds one there, and takes it in the hand."""
    port = next((port for port in ports.values() if port.type == "points"), None)
    if port is None:
        return None
    whole = shown.kind == "curve"
    points = [list(map(float, point)) for point in held(tools, box.id, port.name) or []]
    if len(points) < 2:
        return None
    at = point_at(place, shown, points, CORNER / max(tools.camera.zoom, 0.5), whole)
    if at is None and twice:
        x, y = placed(place, shown, ends_of(points, whole))
        at = sum(point[0] < x for point in points)
        if 0 < at < len(points):
            points.insert(at, [round(x, 4), round(y, 4)])
        else:
            at = None
    return None if at is None else LineDrag(tools, pointer, box.id, port.name, points, at, whole)
