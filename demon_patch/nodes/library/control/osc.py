"""Messages of other programs (Open Sound Control)."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import clamp
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate_out, live_gate, live_value, out, text, value
from demon_patch.nodes.language.shared_arithmetic import gate_level, smoothed


@node(
    "osc_in",
    "OSC In",
    "Lets another program or a phone move a control.",
    out=(
        out("value", 0, 1, doc="The latest number, from low to high as 0 to 1."),
        gate_out("gate", doc="Rises with every message; high while its number is in the upper half."),
    ),
    category="control",
    display="dial",
    tags=("network", "osc", "remote", "phone", "message", "live"),
    live=True,
)
def osc_in(
    t: Frame,
    address: str = text("/demon/1", begins="/", doc="Messages to this address, or pattern, are heard."),
    low: float = value(0, -1e6, 1e6, doc="The number that gives 0."),
    high: float = value(1, -1e6, 1e6, doc="The number that gives 1."),
    smooth: float = value(0, 0, 10, unit="s", doc="Seconds that it takes to follow a jump."),
    number: float = live_value(0, -1e6, 1e6, doc="The first number of the latest message."),
    message: Gate = live_gate(doc="Rises with every message."),
    *,
    y: float = 0.0,
    open: float = 0.0,
):
    """One pole: 63 % of a jump after `smooth`. Equal ends give 0."""
    span = high - low
    x = clamp((number - low) / span if abs(span) > 1e-12 else 0, 0, 1)
    z = smoothed(y, x, t.dt, max(smooth, 1e-6))
    level = gate_level(1 if x >= 0.5 else 0, message.rises, open)
    return z, (level, message.rises), z, level
