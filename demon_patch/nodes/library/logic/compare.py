"""Nodes that turn signals into gates."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate_out, out, value


@node(
    "compare",
    "Compare",
    "Plays while one movement is above another, below it, or meets it.",
    out=(
        gate_out("above", doc="High while a is above b."),
        gate_out("below", doc="High while a is below b."),
        gate_out("equal", doc="High while a and b lie within the tolerance of each other."),
        out("difference", doc="a - b."),
    ),
    category="logic",
    display="threshold",
    tags=("greater", "less", "equal", "comparator", "threshold", "difference"),
)
def compare(
    t: Frame,
    a: float = value(0, -inf, inf, doc="The first signal."),
    b: float = value(0, -inf, inf, doc="The second signal."),
    hysteresis: float = value(
        0, 0, inf, doc="How far apart opening and closing lie, so that a noisy a does not chatter."
    ),
    tolerance: float = value(0.01, 0, inf, doc="How near counts as equal."),
    *,
    was_above: float = 0.0,
    was_below: float = 0.0,
    was_equal: float = 0.0,
):
    """Above opens at a - b > hysteresis / 2 and closes at a - b <= -hysteresis / 2; below is its mirror image."""
    d = a - b
    half = hysteresis / 2
    above = 1 if d > half or (was_above > 0 and d > -half) else 0
    below = 1 if d < -half or (was_below > 0 and d < half) else 0
    equal = 1 if abs(d) <= tolerance else 0
    return (
        (above, above * (1 - was_above)),
        (below, below * (1 - was_below)),
        (equal, equal * (1 - was_equal)),
        d, above, below, equal,
    )  # fmt: skip


@node(
    "schmitt",
    "Schmitt Trigger",
    "Hits when a movement climbs past one mark, and not again until it has sunk past another.",
    out=gate_out("gate", doc="High from the upper mark until the lower one."),
    category="logic",
    display="threshold",
    tags=("threshold", "hysteresis", "comparator", "gate", "trigger"),
)
def schmitt(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    opens: float = value(0.6, -inf, inf, doc="At this value or above the gate opens."),
    closes: float = value(0.4, -inf, inf, doc="Below this value it closes."),
    *,
    was: float = 0.0,
):
    """With closes above opens it closes below opens, as a plain threshold does."""
    now = 1 if x >= opens or (was > 0 and x >= closes) else 0
    return (now, now * (1 - was)), now
