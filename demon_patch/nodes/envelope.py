"""Envelopes and ramps: movements that a gate starts."""

from __future__ import annotations

from demon_patch.nodes.form.declare import node
from demon_patch.nodes.form.frame import Frame, Gate
from demon_patch.nodes.form.phrases import climbed, sunk
from demon_patch.nodes.form.ports import gate, gate_out, option, out, value
from demon_patch.nodes.form.vocabulary import choose, clamp, floor

BENDS = ("straight", "exponential")


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
    curve: str = option(
        "straight", *BENDS, doc="Form of its parts; exponential: fast at first, like a plucked string."
    ),
    *,
    y: float = 0.0,
    climbing: float = 0.0,
):
    """A rise during a release climbs on from where it is. The top is 1.

    Exponential: the attack aims at 1.3, as a capacitor's does; the others come as near as e^-4 before they arrive.
    """
    struck = min(gate.rises, 1)
    held = max(gate.level, struck)
    climb = held * max(climbing, struck)
    up = t.dt / max(attack, t.dt)
    step = t.dt / max(decay, t.dt)
    down = t.dt / max(release, t.dt)
    top = choose(curve, straight=min(y + up, 1), exponential=climbed(y, up))
    settled = choose(curve, straight=clamp(sustain, y - step, y + step), exponential=sunk(y, sustain, step))
    gone = choose(curve, straight=max(y - down, 0), exponential=sunk(y, 0, down))
    z = top if climb > 0 else (settled if held > 0 else gone)
    return z, z, (1 if climb > 0 and z < 1 - 1e-9 else 0)


@node(
    "ahd",
    "AHD",
    "Strikes: swells, stays for a while and fades, however long the gate is.",
    out=(out("out", 0, 1, doc="The envelope."), gate_out("end", doc="Rises when it has faded.")),
    category="modulation",
    tags=("envelope", "attack", "hold", "decay", "percussion", "trigger", "contour"),
)
def ahd(
    t: Frame,
    gate: Gate = gate(doc="Strikes with every rise."),
    attack: float = value(0.05, 0.001, 30, unit="s", taper="log", doc="Seconds to climb by 1."),
    hold: float = value(0.1, 0, 30, unit="s", doc="Seconds at the top."),
    decay: float = value(0.5, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    curve: str = option(
        "straight", *BENDS, doc="Form of its parts; exponential: fast at first, like a plucked string."
    ),
    play: str = option("once", "once", "loop", doc="Once with every rise, or again and again by itself."),
    *,
    y: float = 0.0,
    climbing: float = 0.0,
    waiting: float = 0.0,
):
    """A strike before the end climbs on from where it is. The curves are those of ADSR."""
    again = 1 if play == "loop" and y <= 0 else climbing
    climb = 1 if gate.rises > 0 else again
    up = t.dt / max(attack, t.dt)
    down = t.dt / max(decay, t.dt)
    top = choose(curve, straight=min(y + up, 1), exponential=climbed(y, up))
    gone = choose(curve, straight=max(y - down, 0), exponential=sunk(y, 0, down))
    z = top if climb > 0 else (y if waiting > 1e-9 else gone)
    left = hold if climb > 0 else max(waiting - t.dt, 0)
    over = 1 if z <= 0 and y > 0 else 0
    return z, (over, over), z, (1 if climb > 0 and z < 1 - 1e-9 else 0), left


@node(
    "ramp",
    "Ramp",
    "Climbs evenly from 0 to 1 over some beats or seconds.",
    out=(out("out", 0, 1, doc="How far it is."), gate_out("end", doc="Rises at the top; high while it stays there.")),
    category="modulation",
    tags=("line", "rise", "fade", "phasor", "build", "timer"),
)
def ramp(
    t: Frame,
    length: float = value(4, 0.05, 512, taper="log", doc="Beats or seconds from 0 to 1."),
    gate: Gate = gate(doc="Begins anew at 0."),
    unit: str = option("beats", "beats", "s", doc="What length counts."),
    play: str = option("once", "once", "loop", "gate", doc="once: begins at once; gate: waits for a rise."),
    *,
    ahead: float = -1.0,
):
    """Integrates 1 / length, so that a length that moves never makes it jump; a seek leaves it alone.

    ahead: where it will be in the next frame; below 0 before it has begun, a billion after its end.
    """
    begun = choose(play, once=0, loop=0, gate=-1) if ahead < 0 else ahead
    here = 0 if gate.rises > 0 else begun
    laps = floor(max(here, 0) + 1e-9)
    step = (t.dbeat if unit == "beats" else t.dt) / length
    top = laps if play == "loop" else (1 if here >= 1 - 1e-9 and here < 1e9 else 0)
    rest = clamp(here - laps, 0, 1) if play == "loop" else clamp(here, 0, 1)
    moved = here + step if here >= 0 else here
    following = here - laps + step if play == "loop" else (1e9 if laps > 0 else moved)
    return rest, (min(laps, 1), top), following
