"""What the canvas looks like: colours of the dark and the light theme, and sizes.

A colour is (red, green, blue, alpha), each 0 to 255. Sizes are canvas units, which are pixels at a zoom of 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Colour = tuple[int, int, int, int]

HEAD, ROW, OUT, FOLD = 30.0, 26.0, 22.0, 20.0
"""Heights: of a title, of a port's row, of an output's row, of the line that says how many ports are hidden."""
PAD, ROUND = 10.0, 9.0
"""The inner margin of a node, and the radius of its corners."""
NARROW, MIDDLE, WIDE = 188.0, 208.0, 232.0
"""The widths of nodes."""
KNOB, PORT, COLLAR = 8.5, 5.0, 2.0
"""Radii of a knob and of a pin, and the width of the dark ring round a pin."""
KNOB_X, NAME_X, NUMBER_W = PAD + 14.0, PAD + 32.0, 64.0
"""From a node's left edge: the middle of knobs, and names beside knobs. From its right edge: where a number begins."""
TITLE, LABEL, SMALL = 16.5, 14.5, 13.0
"""Sizes of text, as `draw_text` takes them: from ascent to descent."""
DOT_W, DOT_H = 32.0, 16.0
"""Width and height of a reroute, with its pins."""
CHIP_W, CHIP_H, CHIP_GAP = 40.0, 17.0, 11.0
"""Width and height of the chip that says a cable's depth, and its distance from the pin."""
FRAME_HEAD, CORNER = 26.0, 16.0
"""The height of a frame's title, and the size of the corner that resizes a frame, note or probe."""
GRID, GRID_MAJOR = 32.0, 128.0
"""Distances of the grid's lines."""
SHADOW, SHADOW_DOWN = 26.0, 7.0
"""How far a node's shadow spreads, and how far it is moved down."""
CORE, CORE_RING, GLOW, HALO = 2.2, 3.4, 7.0, 12.0
"""Widths of a cable: its line, the line of a ring cable, its glow, and its halo."""

SHAPES: Mapping[str, str] = MappingProxyType(
    {"gate": "square", "curve": "diamond", "surface": "diamond", "ring": "ring", "audio": "ring"}
    | dict.fromkeys(("value", "prompt", "source", "score"), "circle")
)
"""The shape of a pin by its type: circle, square, diamond or ring (a circle with a hole and a dot)."""


def rgba(code: str, alpha: float = 1.0) -> Colour:
    """Returns the colour of a #rrggbb code. alpha: 0 to 1."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16), round(255 * alpha)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Returns a colour between two: `a` for a share of 0, `b` for 1."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def fade(colour: Colour, alpha: float) -> Colour:
    """Returns a colour with another alpha, 0 to 1."""
    return (*colour[:3], round(255 * alpha))


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours.

    ground, grid, grid_major: behind everything. body, edge, rim: of a node, its outline, and its lit inner edge.
    well: displays, which are sunk into a node. panel, raised, field: bars and popups, the line under the pointer, and
    fields to type in. text, label, faint: three strengths of text. knob, track: of knobs.
    accent: selection and playing. good, warning, fault: what a sentence is about. cut: a cable under the knife.
    snap: lines to which a node snaps. shadow, glow: alpha of shadows and of a cable's glow, 0 to 1.
    head: how much of a category's colour is in a node's title. ports, categories: colours by port type and category.
    """

    name: str
    ground: Colour
    grid: Colour
    grid_major: Colour
    body: Colour
    edge: Colour
    rim: Colour
    well: Colour
    panel: Colour
    raised: Colour
    field: Colour
    text: Colour
    label: Colour
    faint: Colour
    knob: Colour
    track: Colour
    accent: Colour
    good: Colour
    warning: Colour
    fault: Colour
    cut: Colour
    snap: Colour
    unknown: Colour
    shadow: float
    glow: float
    head: float
    frame_fill: float
    frame_edge: float
    ports: Mapping[str, Colour]
    categories: Mapping[str, Colour]

    def port(self, type: str) -> Colour:
        """Returns the colour of a port type."""
        return self.ports.get(type, self.unknown)

    def category(self, name: str, own: str = "") -> Colour:
        """Returns the colour of a category. own: a #rrggbb that has been chosen in its place, or empty."""
        return rgba(own) if own else self.categories.get(name, self.unknown)

    def frame(self, own: str = "") -> Colour:
        """Returns the colour of a frame. own: as in `category`."""
        return rgba(own) if own else self.label


def _table(**codes: str) -> Mapping[str, Colour]:
    return MappingProxyType({name: rgba(code) for name, code in codes.items()})


DARK = Theme(
    "dark", ground=rgba("#111217"), grid=rgba("#191b22"), grid_major=rgba("#20222b"), body=rgba("#23252f"),
    edge=rgba("#0a0b0f"), rim=rgba("#ffffff", 0.10), well=rgba("#15161c"), panel=rgba("#1b1d25"),
    raised=rgba("#2d303d"), field=rgba("#121319"), text=rgba("#f0f1f6"), label=rgba("#a9aebf"), faint=rgba("#6b7085"),
    knob=rgba("#3a3d4b"), track=rgba("#444859"), accent=rgba("#ffd27f"), good=rgba("#7edc8e"),
    warning=rgba("#ffb454"), fault=rgba("#ff5c5c"), cut=rgba("#ff4d4d"), snap=rgba("#5cc8ff"),
    unknown=rgba("#7d8296"), shadow=0.62, glow=0.20, head=0.16, frame_fill=0.055, frame_edge=0.32,
    ports=_table(
        value="#f5b94e", gate="#ff6f61", curve="#7edc8e", surface="#b693ff", prompt="#ff8fc7", source="#6aa8ff",
        score="#d9e36b", ring="#f3ead7", audio="#4fd3dc", option="#8b90a3", text="#8b90a3", points="#7edc8e",
        path="#8b90a3",
    ),
    categories=_table(
        modulation="#f5b94e", shape="#e0a06a", engine="#f3ead7", math="#9aa3bd", control="#ffd27f",
        sequence="#ff6f61", conditioning="#ff8fc7", logic="#ff9a7a", analysis="#4fd3dc", midi="#7edc8e",
        output="#4fd3dc", subpatch="#b693ff", reroute="#8b90a3", unknown="#7d8296",
    ),
)  # fmt: skip
"""Light on dark."""

LIGHT = Theme(
    "light", ground=rgba("#e4e2dd"), grid=rgba("#dbd9d3"), grid_major=rgba("#cfccc5"), body=rgba("#fbfaf7"),
    edge=rgba("#bdb9b0"), rim=rgba("#ffffff", 0.9), well=rgba("#eeece6"), panel=rgba("#f4f2ed"),
    raised=rgba("#e3e0d8"), field=rgba("#ffffff"), text=rgba("#1d1e24"), label=rgba("#5a5d69"), faint=rgba("#83858f"),
    knob=rgba("#ffffff"), track=rgba("#d5d2ca"), accent=rgba("#b8690f"), good=rgba("#1f8a43"),
    warning=rgba("#b06a00"), fault=rgba("#cc2f2f"), cut=rgba("#e02020"), snap=rgba("#0878b8"),
    unknown=rgba("#8a8d99"), shadow=0.20, glow=0.12, head=0.16, frame_fill=0.08, frame_edge=0.45,
    ports=_table(
        value="#c47f00", gate="#d8402f", curve="#1f9447", surface="#7047d6", prompt="#cf3d8c", source="#2369cf",
        score="#7d8500", ring="#4a4238", audio="#058b97", option="#7b8092", text="#7b8092", points="#1f9447",
        path="#7b8092",
    ),
    categories=_table(
        modulation="#c47f00", shape="#a8642b", engine="#4a4238", math="#5b6480", control="#a87400",
        sequence="#d8402f", conditioning="#cf3d8c", logic="#c4552e", analysis="#058b97", midi="#1f9447",
        output="#058b97", subpatch="#7047d6", reroute="#7b8092", unknown="#8a8d99",
    ),
)  # fmt: skip
"""Dark on light."""

THEMES: Mapping[str, Theme] = MappingProxyType({theme.name: theme for theme in (DARK, LIGHT)})
