"""Three things to try on the patch that a new player meets first: what they are, where, and which are done. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_state_path

from demon_patch.editor.layout.box import Box, Point, Rect
from demon_patch.editor.layout.tidy import free_place
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.json_values import Value

TITLE = "First Light"
"""The patch that has the guide."""
SIZE: Point = (236.0, 62.0)
"""Of a note, in canvas units."""
GAP = 14.0
AFTER = 5.0
"""Seconds for which the notes stay when all is done."""
NAME = "guide-seen"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to try. number: from 1. title, text: what the note says. about: knob or pin of the port that it is
    about; empty for neither."""

    number: int
    title: str
    text: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A note: where it lies, and the point that it is about, on the canvas, if any."""

    thing: Thing
    rect: Rect
    point: Point | None
    done: bool


@dataclass
class Guide:
    """The notes of one window. seen: the file that says that the player has had them; the user's by default.

    things: none where there is nothing to show. done: the numbers of those that are.
    """

    seen: Path = field(default_factory=lambda: user_state_path("demon-patch", appauthor=False) / NAME)
    things: tuple[Thing, ...] = ()
    done: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self._over = self.seen.exists()
        self._start: Patch | None = None
        self._knob: tuple[str, str] = ("", "")
        self._cable: CableKey | None = None
        self._done_at: float | None = None

    @property
    def shown(self) -> bool:
        """Whether there are notes."""
        return bool(self.things) and not self._over

    def begin(self, patch: Patch) -> None:
        """A patch is shown, as the player has not touched it."""
        self._start, self.things, self.done = patch, (), frozenset()
        found = _chain(patch)
        if self._over or patch.meta.title != TITLE or found is None:
            return
        scheduler, cable = found
        self._knob, self._cable = (scheduler, "strength"), cable
        self.things = (
            Thing(1, "Turn Strength", "Drag up: the song goes further from its source.", "knob"),
            Thing(2, "Unplug the LFO", "Drag the cable off the port, or double click the cable.", "pin"),
            Thing(3, "Type a cable", "Press Tab, type  lfo 1/4 > structure 0.3  and Enter."),
        )

    def look(self, patch: Patch, live: Mapping[tuple[str, str], Value], now: float) -> None:
        """Notes what the player has done. live: the live values. now: seconds."""
        if not self.shown or self._start is None:
            return
        node, port = self._knob
        if node in patch.nodes:
            base = self._start.nodes[node].values.get(port)
            if (node, port) in live or patch.nodes[node].values.get(port) != base:
                self.done |= {1}
        if self._cable not in patch.cables_by_key:
            self.done |= {2}
        known = self._start.cables_by_key
        if any(c.dst == node and c.port == "structure" and c.key not in known for c in patch.cables):
            self.done |= {3}
        if len(self.done) == len(self.things):
            self._done_at = now if self._done_at is None else self._done_at
            if now - self._done_at >= AFTER:
                self.end()

    def end(self) -> bool:
        """Takes the notes away, for good; returns whether there were any."""
        if not self.shown:
            return False
        self._over = True
        with suppress(OSError):
            self.seen.parent.mkdir(parents=True, exist_ok=True)
            self.seen.touch()
        return True

    def placed(self, boxes: Mapping[str, Box]) -> list[Placed]:
        """Returns the notes, one below the other in free space under the node that they are about; none where that is
        gone."""
        box = boxes.get(self._knob[0])
        if not self.shown or box is None:
            return []
        taken: list[Rect] = [other.rect for other in boxes.values()]
        pin, knob = box.pin(self._knob[1], False), next((k for k in box.knobs if k.name == self._knob[1]), None)
        points: dict[str, Point] = {"pin": (box.x + pin.x, box.y + pin.y)}
        points["knob"] = points["pin"] if knob is None else (box.x + knob.x, box.y + knob.y)
        found: list[Placed] = []
        for thing in self.things:
            x, y = free_place(taken, *SIZE, (box.x, box.y + box.h + GAP), GAP - 1.0)
            rect = (x, y, x + SIZE[0], y + SIZE[1])
            taken.append(rect)
            found.append(Placed(thing, rect, points.get(thing.about), thing.number in self.done))
        return found


def _chain(patch: Patch) -> tuple[str, CableKey] | None:
    """Returns the scheduler, and the cable of an LFO to its strength; None where there are none."""
    for cable in patch.cables:
        ends = (patch.nodes.get(cable.src), patch.nodes.get(cable.dst))
        if ends[0] is None or ends[1] is None:
            continue
        if (ends[0].type, ends[1].type, cable.port) == ("lfo", "scheduler", "strength"):
            return cable.dst, cable.key
    return None
