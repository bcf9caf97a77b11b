"""A knob's movement becomes a loop: a Function node with its points in beats, wired to the port."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demon_patch.editor.layout.box import Knob
from demon_patch.editor.look import numbers
from demon_patch.patch.edit.commands import AddNode, Connect, Disconnect, SetValue
from demon_patch.patch.model.graph import Cable, Node

if TYPE_CHECKING:
    from demon_patch.editor.hands.tools import Tools

NODE, OUT = "function", "out"
APART = 0.01
"""Beats between two points, at least."""
FLAT = 0.01
"""How far, in shares of the range, a point may lie off the line of its neighbours before it is kept."""
MOST = 64
"""Points of a loop, at most."""
LEFT = 260.0
"""How far to the left of the node its loop is put."""


@dataclass(slots=True)
class Movement:
    """Where a knob stood, at times in seconds."""

    places: list[tuple[float, float]] = field(default_factory=list)

    def add(self, time: float, place: float) -> None:
        """Notes where the knob stands, 0 to 1 of its range."""
        if not self.places or time > self.places[-1][0]:
            self.places.append((time, place))
        else:
            self.places[-1] = (self.places[-1][0], place)

    def points(self, bpm: float) -> list[list[float]]:
        """Returns the movement as points [beat, value], from beat 0 to a whole number of beats; [] for one that is too
        short."""
        if len(self.places) < 2:
            return []
        start = self.places[0][0]
        line = [((time - start) * bpm / 60.0, min(1.0, max(0.0, place))) for time, place in self.places]
        length = float(max(1, round(line[-1][0])))
        if line[-1][0] < 0.25:
            return []
        scale = length / line[-1][0]
        line = [(beat * scale, place) for beat, place in line]
        flat = FLAT
        kept = simplified(line, flat)
        while len(kept) > MOST:
            flat *= 1.5
            kept = simplified(line, flat)
        points = [kept[0]]
        for beat, place in kept[1:-1]:
            if beat - points[-1][0] >= APART and length - beat >= APART:
                points.append((beat, place))
        points.append((length, kept[-1][1]))
        return [[round(beat, 3), round(place, 4)] for beat, place in points]

    def wire(self, tools: Tools, knob: Knob) -> None:
        """Puts the loop into the patch and wires it to the knob's port, in one step."""
        edits = tools.edits
        points, graph = self.points(tools.bpm), edits.graph
        if not points or knob.node not in graph.nodes:
            tools.popups.tell("Turn the knob for longer to make a loop of it", "warning")
            return
        if not numbers.bounded(knob.lo, knob.hi):
            tools.popups.tell("A knob without a range makes no loop", "warning")
            return
        declaration = tools.view.facts.catalogue[NODE]
        x, y = graph.nodes[knob.node].at
        id = edits.fresh()
        values = {"points": points, "unit": "beats", "play": "loop"}
        as_it_is = (knob.lo, knob.hi) == (0.0, 1.0) and knob.taper != "int"
        cable = Cable(id, OUT, knob.node, knob.name, mode="set" if as_it_is else "add", depth=None if as_it_is else 1.0)
        with edits.drafted("Loop") as draft:
            draft.do(*(Disconnect(*old.key) for old in graph.cables_into(knob.node, knob.name)))
            draft.do(AddNode(id, Node(NODE, version=declaration.version, values=values, at=(x - LEFT, y + knob.y))))
            if not as_it_is:  # the loop adds to the low end, in the space of the knob
                draft.do(SetValue(knob.node, knob.name, int(knob.lo) if knob.taper == "int" else knob.lo))
            draft.do(Connect(cable))
        tools.selection.want([id])


def simplified(line: list[tuple[float, float]], flat: float) -> list[tuple[float, float]]:
    """Returns the points of a line without those that lie within `flat` of the straight line between their kept
    neighbours."""
    if len(line) < 3:
        return line
    (x0, y0), (x1, y1) = line[0], line[-1]
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    far, away = 0, -1.0
    for i in range(1, len(line) - 1):
        off = abs(y0 + slope * (line[i][0] - x0) - line[i][1])
        if off > away:
            far, away = i, off
    if away <= flat:
        return [line[0], line[-1]]
    return simplified(line[: far + 1], flat)[:-1] + simplified(line[far:], flat)
