"""Delays: what was, again later."""

from __future__ import annotations

from demon_patch.codegen.delay_line import DelayLine, line, past, push
from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import floor, inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, like, option, value
from demon_patch.nodes.language.shared_arithmetic import gate_level


@node(
    "delay",
    "Delay",
    "Lets a movement come again, later and again, like an echo.",
    out=(
        like("x", doc="The signal and its echoes, as mix has them."),
        like("x", "late", doc="The echoes alone; a loop through here waits for the time and no frame more."),
    ),
    category="shape",
    display="scope",
    tags=("echo", "time", "feedback", "repeat", "loop", "memory"),
)
def delay(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    time: float = value(0.5, 0.01, 30, taper="log", doc="Seconds, or beats (see sync): a frame to 30 s."),
    feedback: float = value(0, 0, 0.99, doc="How much of each echo comes again."),
    mix: float = value(1, 0, 1, doc="Share of the echoes: 0 the signal alone, 1 they alone."),
    sync: str = option("seconds", "seconds", "beats", doc="What the time is counted in."),
    *,
    memory: DelayLine = line(30.0),
):
    """late(k) = pushed(k - time), straight lines between frames; pushed = x + feedback * late."""
    late = past(memory, min(time / (t.dt if sync == "seconds" else t.dbeat), 30 / t.dt))
    return x + mix * (late - x), late, push(memory, x + feedback * late)


@node(
    "gate_delay",
    "Gate Delay",
    "Lets a rhythm come later; each of its strokes comes once, also while the time moves.",
    out=gate_out(through="gate", doc="The gate, later, with all its rises."),
    category="shape",
    display="lamp",
    tags=("echo", "time", "trigger", "late", "offset"),
)
def gate_delay(
    t: Frame,
    gate: Gate = gate(doc="The gate."),
    time: float = value(0.5, 0.01, 30, taper="log", doc="Seconds, or beats (see sync): a frame to 30 s."),
    sync: str = option("seconds", "seconds", "beats", doc="What the time is counted in."),
    *,
    levels: DelayLine = line(30.0),
    counts: DelayLine = line(30.0),
    count: float = 0.0,
    told: float = 0.0,
    open: float = 0.0,
):
    """Level and rises of the frame that is `time` ago, rounded to a whole frame. A time that grows repeats no stroke;
    of those that a time leaps over when it sinks, one is made."""
    back = floor(min(time / (t.dt if sync == "seconds" else t.dbeat), 30 / t.dt) + 0.5)
    seen = past(counts, back)
    rises = min(max(seen - told, 0), max(seen - past(counts, back + 1), 1))
    level = gate_level(past(levels, back), rises, open)
    made = count + gate.rises
    return (level, rises), push(levels, gate.level), push(counts, made), made, max(told, seen), level
