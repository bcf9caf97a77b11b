"""Nodes that hold a signal still."""

from __future__ import annotations

from demon_patch.nodes.form.declare import node
from demon_patch.nodes.form.frame import Frame, Gate
from demon_patch.nodes.form.ports import gate, like, option, value
from demon_patch.nodes.form.vocabulary import inf


@node(
    "sample_hold",
    "Sample and Hold",
    "Turns a movement into steps: at every hit it jumps to where the movement is, and stays there.",
    out=like("x", doc="The signal at the last rise; 0 before the first."),
    category="shape",
    tags=("s&h", "steps", "random", "freeze", "sample"),
)
def sample_hold(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    take: Gate = gate(doc="Each rise takes the value of this control frame."),
    *,
    y: float = 0.0,
):
    """y = x in a control frame with a rise."""
    z = x if take.rises > 0 else y
    return z, z


@node(
    "track_hold",
    "Track and Hold",
    "Lets a movement through while a gate is open, and freezes it while it is not.",
    out=like("x", doc="The signal, or where it was when it froze."),
    category="shape",
    tags=("t&h", "freeze", "sample", "follow", "gate"),
)
def track_hold(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    gate: Gate = gate(doc="Whether the signal passes."),
    follow: str = option("high", "high", "low", doc="The level at which it passes."),
    *,
    y: float = 0.0,
):
    """high: passes in a control frame that ends high or has a rise; low: in one that ends low."""
    passes = max(gate.level, min(gate.rises, 1)) if follow == "high" else 1 - gate.level
    z = x if passes > 0 else y
    return z, z


@node(
    "switch_gate",
    "Gate Switch",
    "Goes over from one movement to another while a gate is high.",
    out=like("a", doc="a while the gate is high, else b."),
    category="shape",
    tags=("select", "choose", "route", "if", "either"),
)
def switch_gate(
    t: Frame,
    gate: Gate = gate(doc="Which of the two passes."),
    a: float = value(1, -inf, inf, doc="Passes while the gate is high."),
    b: float = value(0, -inf, inf, doc="Passes while it is low."),
):
    """By the level at the end of the control frame."""
    return a if gate.level > 0 else b
