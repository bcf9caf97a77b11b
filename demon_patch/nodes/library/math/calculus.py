"""Nodes that measure how fast a signal moves, and nodes that move at a given speed."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import choose, clamp, floor, inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, option, out, value
from demon_patch.nodes.library.math.arithmetic import bounded


@node(
    "derivative",
    "Speed",
    "Tells how fast a movement goes, so that quick gestures do more than slow ones.",
    out=out("out", doc="How much x changes in a second, or in a beat; 0 in the first control frame."),
    category="math",
    display="scope",
    tags=("derivative", "difference", "slope", "velocity", "rate", "change"),
)
def derivative(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    per: str = option("second", "second", "beat", "frame", doc="The time that counts."),
    *,
    last: float = 0.0,
    begun: float = 0.0,
):
    """(x - last x) / dt, in the unit of x for each second, beat or control frame."""
    d = x - last if begun > 0 else 0
    return bounded(d / choose(per, second=t.dt, beat=t.dbeat, frame=1)), x, 1


@node(
    "integrator",
    "Integrator",
    "Moves on at the speed that it is given, up to an end or round and round.",
    out=(
        out("out", doc="Where it is."),
        gate_out("end", doc="Rises where it comes to an end, or goes round."),
    ),
    category="math",
    display="scope",
    tags=("accumulate", "sum", "ramp", "phase", "drift", "velocity"),
)
def integrator(
    t: Frame,
    speed: float = value(0, -inf, inf, doc="How far it goes in a second, or in a beat."),
    start: float = value(0, -inf, inf, doc="Where it begins."),
    lo: float = value(0, -inf, inf, doc="The lower end."),
    hi: float = value(1, -inf, inf, doc="The upper end; not above lo it stays at lo."),
    reset: Gate = gate(doc="A rise takes it back to the start."),
    ends: str = option("stop", "stop", "wrap", doc="What it does at an end."),
    per: str = option("second", "second", "beat", doc="What the speed counts."),
    *,
    place: float = 0.0,
    begun: float = 0.0,
    high: float = 0.0,
    went: float = 0.0,
):
    """The place of a control frame is the one before + speed * dt of the one before; wrap counts every
    turn, up to 1000 in a control frame. Ends that move past the place are one turn. A billionth is forgiven, so that an
    end is not met a frame late."""
    span = max(hi - lo, 0)
    at = start if reset.rises > 0 or begun < 1 else place
    turns = floor((at - lo) / (span if span > 0 else 1) + 1e-9) if span > 0 and ends == "wrap" else 0
    z = clamp(at - turns * span, lo, lo + span)
    near = 1e-9 * span
    edge = 1 if ends == "stop" and span > 0 and (z <= lo + near or z >= lo + span - near) else 0
    limit = min(floor(abs(went) / (span if span > 0 else 1)) + 1, 1000)
    counted = min(abs(turns), limit) if begun > 0 and reset.rises < 1 else 0
    rises = counted if ends == "wrap" else edge * (1 - high)
    level = min(rises, 1) if ends == "wrap" else edge
    step = speed * (t.dt if per == "second" else t.dbeat)
    return z, (level, rises), z + step, 1, edge, step
