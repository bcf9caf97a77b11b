"""Nodes that reshape a signal."""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import choose, clamp, floor, inf, tanh
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import like, option, out, value


@phrase
def bent(u: float, curve: float) -> float:
    """u of 0..1 along a bend: curve above 0 slow at first, below 0 fast at first, 0 straight."""
    return u ** (4**curve)


@node(
    "scale",
    "Scale",
    "Fits a signal into another range, straight or bent.",
    out=out("out", through="x", doc="The signal within the out range, in the unit of whatever it drives."),
    category="shape",
    display="transfer",
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
    return out_lo + (out_hi - out_lo) * bent(u, curve)


@node(
    "slew",
    "Slew",
    "Makes jumps glide.",
    out=like("x", doc="The signal, never faster than rise and fall allow."),
    category="shape",
    display="scope",
    tags=("glide", "smooth", "lag", "portamento", "limit"),
)
def slew(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    rise: float = value(0.2, 0.001, 30, unit="s", taper="log", doc="Seconds to climb by 1."),
    fall: float = value(0.2, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    *,
    y: float = 0.0,
    begun: float = 0.0,
):
    """Begins at x and moves toward it by at most dt / rise upward and dt / fall downward a frame."""
    d = x - y
    up = t.dt / max(rise, t.dt)
    down = t.dt / max(fall, t.dt)
    z = y + ((min(up, d)) if d > 0 else max(-down, d)) if begun > 0 else x
    return z, z, 1


@node(
    "fold",
    "Fold",
    "Keeps a movement between two ends: stopped there, thrown back, or come round from the other side.",
    out=out("out", through="x", doc="The signal, from lo to hi."),
    category="shape",
    display="transfer",
    tags=("clamp", "limit", "wrap", "wavefolder", "bounce", "clip"),
)
def fold(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    lo: float = value(0, -inf, inf, doc="The lower end."),
    hi: float = value(1, -inf, inf, doc="The upper end; not above lo the result is lo."),
    way: str = option("fold", "clamp", "fold", "wrap", doc="What happens beyond an end."),
):
    """With u = (x - lo) / (hi - lo), the part within 0..1 of u, of its mirror images, or of its fraction."""
    span = max(hi - lo, 0)
    u = (x - lo) / (span if span > 0 else 1)
    half = u / 2
    mirrored = 1 - abs(2 * (half - floor(half)) - 1)
    return lo + span * clamp(choose(way, clamp=u, fold=mirrored, wrap=u - floor(u)), 0, 1)


@node(
    "shaper",
    "Shaper",
    "Bends the way a movement goes: slow then fast, eased at its ends, in steps, or driven hard.",
    out=like("x", doc="The signal, bent within its -1..1; 0, 1 and -1 stay where they are."),
    category="shape",
    display="transfer",
    tags=("waveshaper", "curve", "ease", "steps", "drive", "saturate", "bend"),
)
def shaper(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal, 0..1 or -1..1; what lies beyond counts as 1 or -1."),
    amount: float = value(0.5, -1, 1, doc="How strongly and which way it bends; 0 is nearly straight."),
    steps: float = value(4, 1, 64, unit="steps", taper="int", doc="Equal steps from 0 to 1 (steps)."),
    shape: str = option("bend", "bend", "s_curve", "steps", "drive", doc="The form of the bend."),
):
    """Of the size m of x: bend m ** p with p = 4 ** amount; s_curve m ** p / (m ** p + (1 - m) ** p); steps the
    nearest of 0, 1 / steps, ... 1; drive tanh(g * m) / tanh(g) with g = 8 ** amount. The sign of x is kept."""
    size = min(abs(x), 1)
    rising = bent(size, amount)
    eased = rising / (rising + bent(1 - size, amount))
    g = 8**amount
    y = choose(
        shape, bend=rising, s_curve=eased, steps=floor(size * steps + 0.5) / steps, drive=tanh(g * size) / tanh(g)
    )
    return y if x >= 0 else -y
