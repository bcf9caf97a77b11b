"""Slow oscillators."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import choose, floor, hash01, sin, tau
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, option, out, value
from demon_patch.nodes.language.shared_arithmetic import nearest_division, smooth_random, swung, triangle

WAVES = ("sine", "triangle", "saw", "ramp", "square", "random", "smooth")


@node(
    "lfo", "LFO",
    "Sways a control up and down, again and again.",
    out=(out("out", -1, 1, doc="The wave, -1 to 1."), out("uni", 0, 1, doc="The same wave, 0 to 1.")),
    category="modulation", display="cycle",
    tags=("oscillator", "wave", "sine", "random", "vibrato", "cycle", "shuffle"),
)  # fmt: skip
def lfo(
    t: Frame,
    rate: float = value(0.25, 0.001, 12.5, taper="log", doc="Cycles a second, or a beat (see sync)."),
    phase: float = value(0, 0, 1, unit="cycles", doc="Where in the wave it starts."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of a square's cycle that is high."),
    swing: float = value(0, 0, 0.75, unit="cycles", doc="How late every second cycle comes."),
    seed: float = value(0, 0, 65535, taper="int", doc="Which random values are held, or drifted between."),
    reset: Gate = gate(doc="Starts the wave anew."),
    shape: str = option("sine", *WAVES, doc="Form of the wave; a saw falls, a ramp rises, smooth drifts at random."),
    sync: str = option("free", "free", "beats", "lock", doc="free: Hz; beats: cycles a beat; lock: tied to the beat."),
    *,
    cycles: float = 0.0,
    lost: float = 0.0,
    origin: float = 0.0,
    shown: float = 0.0,
):
    """Free and beats integrate the rate, so that a moving rate never jumps; lock takes (beat - origin) times the
    nearest musical division of the rate.

    A billionth of a cycle is added, so that a jump due on a frame is not rounded into the next one; what the sum of
    cycles has lost to rounding is summed too, so that this holds for days.
    """
    start = t.beat if reset.rises > 0 else origin
    gone = 0 if reset.rises > 0 else cycles
    missing = 0 if reset.rises > 0 else lost
    ran = (t.beat - start) * nearest_division(rate) if sync == "lock" else gone + missing
    turn = swung(ran + phase + 1e-9, swing)
    n = floor(turn)
    p = turn - n
    level = 1 if p < width else -1
    held = 2 * hash01(n, seed) - 1
    smooth = 2 * smooth_random(n, p, seed) - 1
    saw = 1 - 2 * p
    y = choose(
        shape, sine=sin(tau * p), triangle=triangle(p), saw=saw, ramp=-saw, square=level, random=held, smooth=smooth
    )
    step = rate * (t.dt if sync == "free" else t.dbeat)
    return y, 0.5 + 0.5 * y, gone + step, missing + (step - (gone + step - gone)), start, p
