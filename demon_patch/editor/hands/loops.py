"""A knob's movement becomes a loop: the host, which knows the beat that was heard, makes and wires it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demon_patch.editor.layout.box import Knob
from demon_patch.editor.layout.tidy import free_place
from demon_patch.editor.look import numbers
from demon_patch.runtime.remote.messages.edits import LoopMovement

if TYPE_CHECKING:
    from demon_patch.editor.hands.tools import Tools

SHORTEST = 0.1
"""Seconds that a movement lasts, at least."""
MOST = 20_000
"""Places that are sent, at most; the latest."""
SIZE = 180.0, 220.0
"""Of a Loop on the canvas."""
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

    def moves(self, now: float) -> tuple[tuple[float, float], ...]:
        """Returns the movement as (seconds ago, place), the oldest first; () for one that is too short."""
        if len(self.places) < 2 or self.places[-1][0] - self.places[0][0] < SHORTEST:
            return ()
        return tuple((round(max(now - time, 0.0), 4), min(1.0, max(0.0, at))) for time, at in self.places[-MOST:])

    def wire(self, tools: Tools, knob: Knob, now: float) -> None:
        """Has the movement repeated by a Loop that is wired to the knob's port."""
        edits = tools.edits
        moves, graph = self.moves(now), edits.graph
        if not moves or knob.node not in graph.nodes:
            tools.popups.tell("Turn the knob for longer to make a loop of it", "warning")
            return
        if not numbers.bounded(knob.lo, knob.hi):
            tools.popups.tell("A knob without a range makes no loop", "warning")
            return
        x, y = graph.nodes[knob.node].at
        before = frozenset(graph.nodes)
        rects = [box.rect for box in tools.view.boxes.values()]
        left, top = free_place(rects, *SIZE, (x - LEFT, y))
        at = round(left), round(top)
        request = LoopMovement(node=knob.node, port=knob.name, moves=moves, at=at, within=edits.within)
        edits.ask(request, lambda reply: tools.selection.want(frozenset(edits.graph.nodes) - before))
