"""What lies on the canvas: boxes (nodes) with pins, knobs and rows, and wires (cables).

Lengths are canvas units, which are pixels at a zoom of 1; x grows to the right and y downward. Places within a box
count from its upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from demon_patch.patch.model.graph import CableKey

Point = tuple[float, float]
Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""

RowKind = Literal["plain", "knob", "option", "text", "path", "points"]


@dataclass(slots=True)
class Pin:
    """The place of a port or output on the canvas.

    out: whether it is an output, on the right edge; ports are on the left edge.
    x, y: its place within the box.
    wired: whether a cable is plugged in.
    folded: it has no row of its own, and lies at the box's head.
    """

    node: str
    name: str
    type: str
    out: bool
    x: float
    y: float
    title: str
    wired: bool = False
    folded: bool = False


@dataclass(slots=True)
class Knob:
    """A number that can be turned.

    position: where it stands, 0 to 1 of its declared range.
    centred: whether its arc begins in the middle, since the range is symmetric about 0.
    value: the number, in `unit`. live: the number that the host has put over it, if any.
    lo, hi, taper: its declared range; play: its playing range as positions.
    """

    node: str
    name: str
    type: str
    x: float
    y: float
    position: float
    centred: bool
    value: float
    lo: float
    hi: float
    taper: str
    unit: str
    live: float | None = None
    play: tuple[float, float] = (0.0, 1.0)


@dataclass(slots=True)
class Row:
    """A line of a box: a port with its label, its pin, and its knob or choice.

    y: its middle. text: what stands at its right end.
    """

    port: str
    y: float
    title: str
    kind: RowKind = "plain"
    text: str = ""
    pin: Pin | None = None
    knob: Knob | None = None


@dataclass(frozen=True, slots=True)
class Display:
    """The picture in a box that shows what its node does.

    kind: the word of the node's declaration. port: the text port whose text it shows, if any.
    """

    kind: str
    x: float
    y: float
    w: float
    h: float
    port: str = ""


@dataclass(slots=True)
class Box:
    """A node on the canvas.

    type: the id of its node type. known: whether the catalogue has that type.
    title: its label, or the title of its type. colour: its own #rrggbb, or empty for that of its category.
    pins: all ports and outputs. rows: the ports that are shown. hidden: the names of ports and outputs that are not.
    unfolded: whether the player has had the hidden ones shown, and a line at the foot hides them again.
    problem: what is wrong with it, as a sentence; empty if nothing is.
    """

    id: str
    type: str
    title: str
    category: str
    x: float
    y: float
    w: float
    h: float
    known: bool = True
    colour: str = ""
    bypass: bool = False
    muted: bool = False
    pins: list[Pin] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    display: Display | None = None
    text: str = ""
    hidden: tuple[str, ...] = ()
    unfolded: bool = False
    problem: str = ""

    @property
    def rect(self) -> Rect:
        """Its rectangle on the canvas."""
        return self.x, self.y, self.x + self.w, self.y + self.h

    @property
    def folded(self) -> int:
        """How many ports and outputs are hidden."""
        return len(self.hidden)

    @property
    def outs(self) -> list[Pin]:
        """Its outputs."""
        return [pin for pin in self.pins if pin.out]

    @property
    def knobs(self) -> list[Knob]:
        """The knobs that are shown."""
        return [row.knob for row in self.rows if row.knob is not None]

    def pin(self, name: str, out: bool) -> Pin:
        """The pin of a port or output; one at the head where the box does not have it."""
        for pin in self.pins:
            if pin.name == name and pin.out == out:
                return pin
        return Pin(self.id, name, "value", out, self.w if out else 0.0, 15.0, name, True, True)


@dataclass(frozen=True, slots=True)
class Wire:
    """A cable on the canvas.

    type: what its output carries.
    mode: add or set, as it works now. depth: of a cable that adds; None for one that sets, or that carries no number.
    adapter: whether the signal is converted on its way.
    """

    key: CableKey
    type: str
    mode: str = "add"
    depth: float | None = None
    muted: bool = False
    solo: bool = False
    adapter: bool = False


HitKind = Literal[
    "ground",
    "pin",
    "knob",
    "number",
    "choice",
    "text",
    "display",
    "fold",
    "head",
    "body",
    "wire",
    "depth",
    "frame",
    "frame corner",
    "note",
    "note corner",
    "probe",
    "probe corner",
]


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point of the canvas.

    id: of the node, frame, note or probe. port: the name of the port or output. out: whether it is an output.
    wire: the cable, of `wire` and `depth` (the chip with a cable's depth).
    """

    kind: HitKind = "ground"
    id: str = ""
    port: str = ""
    out: bool = False
    wire: CableKey | None = None


GROUND = Hit()
