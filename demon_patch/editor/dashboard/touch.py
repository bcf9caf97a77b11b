"""What lies under the pointer on the dashboard, and what a drag does to a number. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from demon_patch.editor.dashboard.faces import Face
from demon_patch.editor.layout.box import Knob, Point
from demon_patch.editor.look import numbers

CORNER = 16.0
"""The size of the corner that resizes a widget."""
HEAD = 22.0
"""The height of a widget's title."""
TRAVEL = 180.0
"""How far a knob is dragged for its whole range."""
FINE = 0.1
"""How much slower it turns with shift."""
Part = Literal["ground", "body", "corner"]


@dataclass(frozen=True, slots=True)
class Spot:
    """What lies at a place. id: of the widget."""

    part: Part = "ground"
    id: str = ""


def spot(faces: Mapping[str, Face], x: float, y: float, locked: bool) -> Spot:
    """Returns what lies at a place of the dashboard; a locked one has no corners."""
    for id in sorted(faces, reverse=True):
        left, top, right, low = faces[id].rect
        if left <= x < right and top <= y < low:
            corner = not locked and x >= right - CORNER and y >= low - CORNER
            return Spot("corner" if corner else "body", id)
    return Spot()


def slid(face: Face, y: float) -> float:
    """Returns the position of a slider, 0 to 1, for a height on the dashboard."""
    _, top, _, low = face.rect
    upper, lower = top + HEAD + 10.0, low - 30.0
    return min(1.0, max(0.0, (lower - y) / max(lower - upper, 1.0)))


def on_pad(face: Face, at: Point) -> tuple[float, float]:
    """Returns the positions of a pad, 0 to 1 each, the second upward, for a place on the dashboard."""
    left, top, right, low = face.rect
    inner = (left + 12.0, top + HEAD + 8.0, right - 12.0, low - 12.0)
    x = (at[0] - inner[0]) / max(inner[2] - inner[0], 1.0)
    y = (inner[3] - at[1]) / max(inner[3] - inner[1], 1.0)
    return min(1.0, max(0.0, x)), min(1.0, max(0.0, y))


def turned(position: float, start: Point, now: Point, fine: bool) -> float:
    """Returns where a knob stands after a drag: up and to the right is more."""
    way = (start[1] - now[1]) + 0.35 * (now[0] - start[0])
    return min(1.0, max(0.0, position + way / TRAVEL * (FINE if fine else 1.0)))


def number_at(knob: Knob, position: float) -> float:
    """Returns the number at a position, within the playing range."""
    lo, hi = min(knob.play), max(knob.play)
    return numbers.number(lo + (hi - lo) * position, knob.lo, knob.hi, knob.taper)


def position_of(knob: Knob) -> float:
    """Returns where a knob stands within its playing range, 0 to 1."""
    shown = knob.value if knob.live is None else knob.live
    lo, hi = min(knob.play), max(knob.play)
    at = numbers.position(shown, knob.lo, knob.hi, knob.taper)
    return min(1.0, max(0.0, (at - lo) / (hi - lo))) if hi > lo else 0.0
