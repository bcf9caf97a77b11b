"""What the engine does, as control signals."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate_out, live_gate, live_value, out, ring


@node(
    "ring_telemetry",
    "Ring Telemetry",
    "Lets the engine's own work play: a gate with every finished generation, and how far the others are.",
    out=(
        gate_out("completed", doc="Rises with every finished generation."),
        out("ripeness", 0, 1, doc="Steps done of the generation that is nearest to its end; 1 is all of them."),
        out("slots", 0, 8, doc="Generations in flight."),
        out("error", 0, 10, unit="s", doc="How far the latest one is heard from the moment that it was made for."),
        out("lead", 0, 10, unit="s", doc="From the loudspeaker to what is decoded next."),
    ),
    category="engine",
    display="ring",
    tags=("ring", "progress", "generation", "tick", "feedback", "status"),
    live=True,
)
def ring_telemetry(
    t: Frame,
    ring: object = ring(doc="From any node of the chain: all tell of the same ring."),
    done: Gate = live_gate(of="ring.completed", doc="Generations finished."),
    ripest: float = live_value(0, 0, 1, of="ring.ripeness", doc="Share of steps done by the ripest one."),
    flying: float = live_value(0, 0, 8, of="ring.slots", doc="Generations in flight."),
    missed: float = live_value(0, 0, 10, unit="s", of="ring.error", doc="Heard error of the latest one."),
    ahead: float = live_value(0, 0, 10, unit="s", of="ring.lead", doc="The lead."),
):
    """All are of the engine's latest tick."""
    return (1 if done.rises > 0 else 0, done.rises), ripest, flying, missed, ahead
