"""Nodes that hold a signal still."""

from __future__ import annotations

from demon_patch.nodes.form.declare import node
from demon_patch.nodes.form.frame import Frame, Gate
from demon_patch.nodes.form.ports import gate, like, option, value
from demon_patch.nodes.form.vocabulary import inf


@node(
    "sample_hold",
    "Sample and Hold",
    "Turns a movement into steps: at every hit it jumps to where the movement is, and stays there. A row of them on one "
    "clock jumps together; a Shift Register passes values on.",
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
    """y = x in a control frame with a rise. Several on one clock, one behind the other, all jump together to the value
    of this control frame: for a row in which each takes the value of the one before, use a Shift Register."""
    z = x if take.rises > 0 else y
    return z, z


@phrase
def shifted(
    steps: float, a: float, b: float, c: float, d: float, e: float, f: float, g: float, h: float, i: float
) -> float:
    """The number so many places behind the first; the last from 8 on."""
    return (
        a
        if steps < 1
        else b
        if steps < 2
        else c
        if steps < 3
        else d
        if steps < 4
        else (e if steps < 5 else f if steps < 6 else g if steps < 7 else h if steps < 8 else i)
    )


@node(
    "shift_register",
    "Shift Register",
    "Passes values on from stage to stage, one with every hit: a canon of a movement, as a bucket brigade does.",
    out=(
        *(like("x", f"stage_{n}", doc=f"What was taken {n - 1} hits before the last one." if n > 1 else _FIRST)
          for n in range(1, 9)),
    ),
    category="shape",
    tags=("asr", "analogue shift register", "bucket brigade", "canon", "steps", "queue", "s&h"),
)  # fmt: skip
def shift_register(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    clock: Gate = gate(doc="Each rise moves all stages on: each takes the former value of the one before."),
    reset: Gate = gate(doc="Empties all stages; a hit in the same frame comes after it."),
    *,
    s1: float = 0.0, s2: float = 0.0, s3: float = 0.0, s4: float = 0.0,
    s5: float = 0.0, s6: float = 0.0, s7: float = 0.0, s8: float = 0.0,
):  # fmt: skip
    """With n hits in one control frame the first n stages take x, and all others what stood n stages before. Stages are
    0 until something arrives."""
    n = clock.rises
    a1 = s1 if reset.rises < 1 else 0
    a2 = s2 if reset.rises < 1 else 0
    a3 = s3 if reset.rises < 1 else 0
    a4 = s4 if reset.rises < 1 else 0
    a5 = s5 if reset.rises < 1 else 0
    a6 = s6 if reset.rises < 1 else 0
    a7 = s7 if reset.rises < 1 else 0
    z1 = shifted(n, a1, x, x, x, x, x, x, x, x)
    z2 = shifted(n, s2 if reset.rises < 1 else 0, a1, x, x, x, x, x, x, x)
    return z1, z2


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
