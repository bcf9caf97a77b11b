"""Knobs and arithmetic."""

from __future__ import annotations

from demon_patch.nodes.declare import node
from demon_patch.nodes.frame import Frame
from demon_patch.nodes.ports import out, value
from demon_patch.nodes.vocabulary import inf


@node(
    "knob",
    "Knob",
    "One knob for many controls.",
    out=out("out", 0, 1, doc="The position of the knob."),
    category="control",
    tags=("macro", "constant", "value", "fader"),
)
def knob(t: Frame, position: float = value(0.5, 0, 1, doc="The position; cables may move it.")):
    """The position as it stands."""
    return position


@node(
    "add",
    "Add",
    "Lays one movement over another.",
    out=out("out", doc="a + b."),
    category="math",
    tags=("sum", "mix", "offset", "plus"),
)
def add(
    t: Frame,
    a: float = value(0, -inf, inf, doc="The first signal."),
    b: float = value(0, -inf, inf, doc="The second signal."),
):
    """a + b."""
    return a + b


@node(
    "multiply",
    "Multiply",
    "Lets one movement decide how strong another is.",
    out=out("out", doc="a * b."),
    category="math",
    tags=("product", "vca", "amount", "ring", "times"),
)
def multiply(
    t: Frame,
    a: float = value(1, -inf, inf, doc="The first signal."),
    b: float = value(1, -inf, inf, doc="The second signal."),
):
    """a * b."""
    return a * b
