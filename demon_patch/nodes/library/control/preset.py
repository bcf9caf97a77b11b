"""Whole settings of several controls."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate, Row
from demon_patch.codegen.vocabulary import pick
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, out, value, values
from demon_patch.nodes.language.shared_arithmetic import wrapped


@node(
    "preset_switch",
    "Preset Switch",
    "Jumps or glides between up to eight settings of four controls, by number or from hit to hit.",
    out=tuple(out(name, 0, 1, doc=f"Value {name} of the row.") for name in "abcd"),
    category="control",
    display="steps",
    tags=("preset", "scene", "sequence", "switch", "rows", "morph", "bank"),
)
def preset_switch(
    t: Frame,
    row: float = value(1, 1, 8, unit="place", taper="int", doc="The row; moving it goes there."),
    a: Row = values(8, 0, 0, 1, doc="Value a of row {n}."),
    b: Row = values(8, 0, 0, 1, doc="Value b of row {n}."),
    c: Row = values(8, 0, 0, 1, doc="Value c of row {n}."),
    d: Row = values(8, 0, 0, 1, doc="Value d of row {n}."),
    rows: float = value(8, 1, 8, unit="rows", taper="int", doc="Rows in use; beyond the last comes the first."),
    glide: float = value(0, 0, 30, unit="s", doc="Seconds of the way from row to row."),
    next: Gate = gate(doc="Each rise goes one row down."),
    previous: Gate = gate(doc="Each rise goes one row up."),
    reset: Gate = gate(doc="A rise goes back to the row of the knob."),
    *,
    moved: float = 0.0,
    knob: float = 0.0,
    shown: float = -1.0,
    left: float = 0.0,
    y_a: float = 0.0,
    y_b: float = 0.0,
    y_c: float = 0.0,
    y_d: float = 0.0,
):
    """The knob's row, and next - previous further, round and round. A glide is a straight line from where it is; the
    first row is there at once."""
    steps = (0 if reset.rises > 0 or row != knob else moved) + next.rises - previous.rises
    i = wrapped(row - 1 + steps, rows)
    ahead = glide if i != shown and shown >= 0 else left
    keep = (ahead - t.dt) / ahead if ahead > t.dt + 1e-9 else 0
    z_a = pick(a, i) + keep * (y_a - pick(a, i))
    z_b = pick(b, i) + keep * (y_b - pick(b, i))
    z_c = pick(c, i) + keep * (y_c - pick(c, i))
    z_d = pick(d, i) + keep * (y_d - pick(d, i))
    return z_a, z_b, z_c, z_d, steps, row, i, max(ahead - t.dt, 0), z_a, z_b, z_c, z_d
