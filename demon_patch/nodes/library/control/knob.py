"""The Knob."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import out, value


@node(
    "knob",
    "Knob",
    "One knob for many controls.",
    out=out("out", 0, 1, doc="The position of the knob."),
    category="control",
    display="dial",
    tags=("macro", "constant", "value", "fader"),
)
def knob(t: Frame, position: float = value(0.5, 0, 1, doc="The position; cables may move it.")):
    """The position as it stands."""
    return position
