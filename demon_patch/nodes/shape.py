"""Nodes that reshape a signal."""

from __future__ import annotations

from demon_patch.nodes.declare import node
from demon_patch.nodes.frame import Frame
from demon_patch.nodes.ports import like, out, value
from demon_patch.nodes.vocabulary import clamp, inf


@node(
    "scale",
    "Scale",
    "Fits a signal into another range, straight or bent.",
    out=out("out", doc="The signal within the out range, in the unit of whatever it drives."),
    category="shape",
    tags=("map", "range", "curve", "invert", "attenuate"),
)
def scale(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    in_lo: float = value(-1, -inf, inf, doc="The value of x that becomes out lo."),
    in_hi: float = value(1, -inf, inf, doc="The value of x that becomes out hi."),
    out_lo: float = value(0, -inf, inf, doc="Where the result begins."),
    out_hi: float = value(1, -inf, inf, doc="Where the result ends; below out lo turns it over."),
    curve: float = value(0, -1, 1, doc="Bends the way: above 0 slow at first, below 0 fast at first."),
):
    """u = clamp((x - in_lo) / (in_hi - in_lo), 0, 1); out_lo + (out_hi - out_lo) * u ** (4 ** curve).

    An in range of no width gives out lo.
    """
    span = in_hi - in_lo
    u = clamp((x - in_lo) / (span if span != 0 else 1), 0, 1) if span != 0 else 0
    return out_lo + (out_hi - out_lo) * (u ** (4**curve))


@node(
    "slew",
    "Slew",
    "Makes jumps glide.",
    out=like("x", doc="The signal, never faster than rise and fall allow."),
    category="shape",
    tags=("glide", "smooth", "lag", "portamento", "limit"),
)
def slew(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    rise: float = value(0.2, 0.001, 30, unit="s", taper="log", doc="Seconds to climb by 1."),
    fall: float = value(0.2, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    *,
    y: float = 0.0,
):
    """Moves toward x by at most dt / rise upward and dt / fall downward a frame."""
    d = x - y
    up = t.dt / max(rise, t.dt)
    down = t.dt / max(fall, t.dt)
    z = y + ((min(up, d)) if d > 0 else max(-down, d))
    return z, z
