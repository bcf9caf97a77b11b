"""Things to hold and press: their knobs are moved by hand, by MIDI, or by cables."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate, Row
from demon_patch.codegen.vocabulary import floor, pick, sqrt
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, out, value, values
from demon_patch.nodes.library.shape.shape import bent


@node(
    "xy_pad",
    "XY Pad",
    "Moves two controls with one gesture.",
    out=(
        out("x", 0, 1, doc="How far to the right."),
        out("y", 0, 1, doc="How far up."),
        out("centre", 0, 1, doc="How near to the middle: 1 there, 0 at the edge and beyond."),
    ),
    category="control",
    display="pad",
    tags=("pad", "touch", "joystick", "kaoss", "two", "surface"),
)
def xy_pad(
    t: Frame,
    x: float = value(0.5, 0, 1, doc="From left to right."),
    y: float = value(0.5, 0, 1, doc="From bottom to top."),
):
    """Both positions as they stand; centre falls off straight with the distance, in half sides of the pad."""
    return x, y, max(1 - 2 * sqrt((x - 0.5) ** 2 + (y - 0.5) ** 2), 0)


@node(
    "button",
    "Button",
    "Hits for as long as it is pressed.",
    out=gate_out("gate", doc="High while it is pressed."),
    category="control",
    display="lamp",
    tags=("press", "trigger", "momentary", "hit", "pad", "manual"),
)
def button(
    t: Frame,
    pressed: float = value(0, 0, 1, taper="int", doc="1 while it is pressed."),
    *,
    was: float = 0.0,
):
    """Rises when pressed comes up to one half."""
    now = 1 if pressed >= 0.5 else 0
    return (now, now * (1 - was)), now


@node(
    "toggle",
    "Toggle",
    "A switch that stays: every press, and every hit of a gate, turns it over.",
    out=gate_out("gate", doc="High while it is on."),
    category="control",
    display="lamp",
    tags=("switch", "on", "off", "latch", "flip"),
)
def toggle(
    t: Frame,
    on: float = value(0, 0, 1, taper="int", doc="The switch; moving it always turns the gate over."),
    flip: Gate = gate(doc="Each rise turns it over."),
    reset: Gate = gate(doc="A rise puts the gate to where the switch is."),
    *,
    was: float = 0.0,
    stood: float = 0.0,
):
    """As two switches on one lamp: high where the switch and an odd number of flips disagree. Of n turns from low,
    ceil(n / 2) are rises; from high, floor(n / 2)."""
    switch = 1 if on >= 0.5 else 0
    begin = stood if reset.rises > 0 else was
    turns = flip.rises + abs(switch - stood)
    ups = floor((turns + 1 - begin) / 2)
    now = begin + 2 * ups - turns
    return (now, ups + max(begin - was, 0)), now, switch


@node(
    "macro",
    "Macro",
    "One knob that moves four things at once, each over a range and a bend of its own.",
    out=tuple(out(f"out{n}", 0, 1, doc=f"From lo {n} to hi {n}.") for n in range(1, 5)),
    category="control",
    display="bars",
    tags=("knob", "many", "performance", "link", "morph"),
)
def macro(
    t: Frame,
    position: float = value(0.5, 0, 1, doc="The knob."),
    lo: Row = values(4, 0, 0, 1, doc="Out {n} at position 0."),
    hi: Row = values(4, 1, 0, 1, doc="Out {n} at position 1; below lo it moves the other way."),
    curve: Row = values(4, 0, -1, 1, doc="Bends out {n}: above 0 slow at first, below 0 fast at first."),
):
    """Out i = lo + (hi - lo) * position ** (4 ** curve)."""
    return (
        pick(lo, 0) + (pick(hi, 0) - pick(lo, 0)) * bent(position, pick(curve, 0)),
        pick(lo, 1) + (pick(hi, 1) - pick(lo, 1)) * bent(position, pick(curve, 1)),
        pick(lo, 2) + (pick(hi, 2) - pick(lo, 2)) * bent(position, pick(curve, 2)),
        pick(lo, 3) + (pick(hi, 3) - pick(lo, 3)) * bent(position, pick(curve, 3)),
    )
