"""Nodes that hold a signal still."""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, like, option, value


@node(
    "sample_hold",
    "Sample and Hold",
    "Turns a movement into steps: at every hit it jumps to where the movement is, and stays there.",
    out=like("x", doc="The signal at the last rise; 0 before the first."),
    category="shape",
    display="scope",
    tags=("s&h", "steps", "random", "freeze", "sample"),
)
def sample_hold(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    take: Gate = gate(doc="Each rise takes the value of this frame; for a row on one clock see Shift Register."),
    *,
    y: float = 0.0,
):
    """y = x in a control frame with a rise. Several on one clock, one behind the other, all jump together to the value
    of this control frame: for a row in which each takes the value of the one before, use a Shift Register."""
    z = x if take.rises > 0 else y
    return z, z


@phrase
def shifted(
    n: float, a: float, b: float, c: float, d: float, e: float, f: float, g: float, h: float, i: float
) -> float:
    """Number n of the others, counted from 0; beyond the last the last."""
    near = a if n < 1 else (b if n < 2 else (c if n < 3 else d))
    return near if n < 4 else ((e if n < 5 else f) if n < 6 else (g if n < 7 else (h if n < 8 else i)))


@node(
    "shift_register",
    "Shift Register",
    "Passes values on from stage to stage, one with every hit, so that a movement comes again in canon.",
    out=tuple(
        like("x", f"stage_{n}", doc=f"What the hit number {n}, counted back from the last, took.") for n in range(1, 9)
    ),
    category="shape",
    display="bars",
    tags=("asr", "analogue shift register", "bucket brigade", "canon", "steps", "queue", "s&h"),
)
def shift_register(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    clock: Gate = gate(doc="Each rise moves all on: stage 1 takes the signal, each other what the one before had."),
    reset: Gate = gate(doc="Empties all stages to 0; a hit in the same control frame comes after it."),
    *, s1: float = 0.0, s2: float = 0.0, s3: float = 0.0, s4: float = 0.0,
    s5: float = 0.0, s6: float = 0.0, s7: float = 0.0, s8: float = 0.0,
):  # fmt: skip
    """Stages are 0 until something arrives. Of several hits in one control frame each moves all on, and all take the
    one value that the signal has."""
    n = clock.rises
    a1 = s1 if reset.rises < 1 else 0
    a2 = s2 if reset.rises < 1 else 0
    a3 = s3 if reset.rises < 1 else 0
    a4 = s4 if reset.rises < 1 else 0
    a5 = s5 if reset.rises < 1 else 0
    a6 = s6 if reset.rises < 1 else 0
    a7 = s7 if reset.rises < 1 else 0
    a8 = s8 if reset.rises < 1 else 0
    z1 = shifted(n, a1, x, x, x, x, x, x, x, x)
    z2 = shifted(n, a2, a1, x, x, x, x, x, x, x)
    z3 = shifted(n, a3, a2, a1, x, x, x, x, x, x)
    z4 = shifted(n, a4, a3, a2, a1, x, x, x, x, x)
    z5 = shifted(n, a5, a4, a3, a2, a1, x, x, x, x)
    z6 = shifted(n, a6, a5, a4, a3, a2, a1, x, x, x)
    z7 = shifted(n, a7, a6, a5, a4, a3, a2, a1, x, x)
    z8 = shifted(n, a8, a7, a6, a5, a4, a3, a2, a1, x)
    return z1, z2, z3, z4, z5, z6, z7, z8, z1, z2, z3, z4, z5, z6, z7, z8


@node(
    "track_hold",
    "Track and Hold",
    "Lets a movement through while a gate is open, and freezes it while it is not.",
    out=like("x", doc="The signal, or where it was when it froze."),
    category="shape",
    display="scope",
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
    display="scope",
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
