"""Nodes that smooth a signal."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import like, option, value
from demon_patch.nodes.language.shared_arithmetic import smoothed


@node(
    "smooth",
    "Smooth",
    "Rounds off jumps and trembling, quick at first and slower as it arrives.",
    out=like("x", doc="The signal, smoothed."),
    category="shape",
    display="scope",
    tags=("low-pass", "filter", "lag", "average", "one-pole", "glide"),
)
def smooth(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    time: float = value(
        0.2, 0.001, 60, unit="s", taper="log", doc="Seconds for 63 % of a way; up only where they differ."
    ),
    down: float = value(
        0.2, 0.001, 60, unit="s", taper="log", doc="Seconds for 63 % of a way down, where they differ."
    ),
    ways: str = option("one", "one", "two", doc="One time for both ways, or one for each."),
    *,
    y: float = 0.0,
    begun: float = 0.0,
):
    """One pole: y += (x - y) * (1 - exp(-dt / time)), which a held x makes exact at any frame rate. It begins at x."""
    pole = time if ways == "one" or x > y else down
    z = smoothed(y, x, t.dt, pole) if begun > 0 else x
    return z, z, 1
