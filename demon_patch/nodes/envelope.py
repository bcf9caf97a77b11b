"""Envelopes."""

from __future__ import annotations

from demon_patch.nodes.declare import node
from demon_patch.nodes.frame import Frame, Gate
from demon_patch.nodes.ports import gate, out, value
from demon_patch.nodes.vocabulary import clamp


@node(
    "adsr",
    "ADSR",
    "Swells and fades a control with every gate.",
    out=out("out", 0, 1, doc="The envelope."),
    category="modulation",
    tags=("envelope", "attack", "decay", "sustain", "release", "contour"),
)
def adsr(
    t: Frame,
    gate: Gate = gate(doc="Starts it with every rise and holds it while high."),
    attack: float = value(0.1, 0.001, 30, unit="s", taper="log", doc="Seconds to climb by 1."),
    decay: float = value(0.3, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    sustain: float = value(0.6, 0, 1, doc="Where it stays while the gate is high."),
    release: float = value(0.5, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    *,
    y: float = 0.0,
    climbing: float = 0.0,
):
    """Straight lines; a rise during a release climbs on from where it is. The top is 1."""
    struck = min(gate.rises, 1)
    held = max(gate.level, struck)
    climb = held * max(climbing, struck)
    step = t.dt / max(decay, t.dt)
    settled = clamp(sustain, y - step, y + step)
    gone = max(y - t.dt / max(release, t.dt), 0)
    z = min(y + t.dt / max(attack, t.dt), 1) if climb > 0 else (settled if held > 0 else gone)
    return z, z, (1 if climb > 0 and z < 1 - 1e-9 else 0)
