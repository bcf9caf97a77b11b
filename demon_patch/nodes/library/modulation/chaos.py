"""Chaos: movements by rule that never repeat."""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import choose, clamp, exp, floor, hash01
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, out, value
from demon_patch.nodes.language.shared_arithmetic import PACED_BY


@phrase
def mapped(x: float, r: float) -> float:
    """The logistic map r x (1 - x), kept away from 0 and 1, where it would stand still."""
    return clamp(r * x * (1 - x), 1e-6, 1 - 1e-6)


@node(
    "lorenz",
    "Lorenz",
    "Circles one of two centres and changes over unforeseen: three movements that belong together.",
    out=(
        out("x", -1, 1, doc="From one centre to the other."),
        out("y", -1, 1, doc="The same, ahead of it."),
        out("z", -1, 1, doc="Up and down with every round."),
    ),
    category="modulation",
    display="pad",
    tags=("chaos", "attractor", "strange", "random", "weather", "butterfly"),
)
def lorenz(
    t: Frame,
    speed: float = value(0.25, 0.001, 4, unit="rounds/s", taper="log", doc="How fast it goes round, about."),
    seed: float = value(0, 0, 65535, taper="int", doc="Where it sets out."),
    reset: Gate = gate(doc="Sets out again."),
    *,
    u: float = 0.0,
    v: float = 0.0,
    w: float = -1.0,
):
    """Lorenz 1963 with sigma 10, rho 28, beta 8/3, a round taken as 0.75 of its time; u, v, w are its x, y, z.

    Strang splitting: x relaxes exactly for half a step, y and z turn by the implicit midpoint rule, which no step makes
    unstable, x again. Divided by 20, 28 and 25 (about 25), and limited.
    """
    begins = 1 if reset.rises > 0 or w < 0 else 0
    a = 20 * hash01(1, seed) - 10 if begins > 0 else u
    b = 20 * hash01(2, seed) - 10 if begins > 0 else v
    c = 20 + 10 * hash01(3, seed) if begins > 0 else w
    h = 0.75 * speed * t.dt / 2
    relaxed = exp(-10 * h)
    mid = b + (a - b) * relaxed
    turn = mid * h
    damped = 1 + 8 / 3 * h
    p = b * (1 - h) - turn * c + 56 * turn
    q = c * (1 - 8 / 3 * h) + turn * b
    y = (p * damped - turn * q) / ((1 + h) * damped + turn * turn)
    z = ((1 + h) * q + turn * p) / ((1 + h) * damped + turn * turn)
    x = y + (mid - y) * relaxed
    return clamp(x / 20, -1, 1), clamp(y / 28, -1, 1), clamp((z - 25) / 25, -1, 1), x, y, max(z, 0)


@node(
    "logistic",
    "Logistic Map",
    "Jumps to and fro: in an order when tame, without one when wild.",
    out=out("out", 0, 1, doc="The latest jump."),
    category="modulation",
    display="scope",
    tags=("chaos", "random", "bifurcation", "steps", "sequence"),
)
def logistic(
    t: Frame,
    wild: float = value(
        3.8, 2.5, 4, doc="r of the map: one value below 3, two above, four from 3.45, chaos from 3.57."
    ),
    rate: float = value(2, 0.001, 12.5, taper="log", doc="Jumps a second, or a beat (see sync)."),
    start: float = value(0.4, 0.01, 0.99, doc="Where it sets out."),
    tick: Gate = gate(doc="Jumps with every rise (gate)."),
    reset: Gate = gate(doc="Sets out again."),
    sync: str = PACED_BY,
    *,
    ahead: float = 0.0,
    x: float = -1.0,
):
    """x becomes r x (1 - x) (May 1976), at most twice in one frame."""
    begins = 1 if reset.rises > 0 or x < 0 else 0
    here = 0 if begins > 0 else ahead
    jumps = tick.rises if sync == "gate" else floor(here + 1e-9)
    stood = start if begins > 0 else x
    once = mapped(stood, wild) if jumps > 0 else stood
    y = mapped(once, wild) if jumps > 1 else once
    return y, here - floor(here + 1e-9) + rate * choose(sync, free=t.dt, beats=t.dbeat, gate=0), y
