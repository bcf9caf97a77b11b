"""Nodes that the compiler sets into a cable between ports of different types."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate_out, value


@node(
    "threshold",
    "Threshold",
    "Opens a gate when a signal comes up to one half.",
    out=gate_out("gate", doc="High while the signal is."),
    category="adapter",
)
def threshold(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal, normalised by its nominal range."),
    *,
    high: float = 0.0,
):
    """Rises at 0.5 and falls below 0.48 (a hysteresis of 0.02)."""
    level = 1 if x >= 0.5 or (high > 0 and x >= 0.48) else 0
    return (level, 1 if level > high else 0), level
