"""Envelopes and ramps: movements that a gate starts."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import choose, clamp, floor
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, option, out, value
from demon_patch.nodes.language.shared_arithmetic import attack_level, attack_share, decay_level, decay_share

BENDS = ("straight", "exponential")


@node(
    "adsr",
    "ADSR",
    "Swells and fades a control with every gate.",
    out=out("out", 0, 1, doc="The envelope."),
    category="modulation",
    display="envelope",
    tags=("envelope", "attack", "decay", "sustain", "release", "contour"),
)
def adsr(
    t: Frame,
    gate: Gate = gate(doc="Starts it with every rise and holds it while high."),
    attack: float = value(0.1, 0.001, 30, unit="s", taper="log", doc="Seconds to climb by 1."),
    decay: float = value(0.3, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    sustain: float = value(0.6, 0, 1, doc="Where it stays while the gate is high."),
    release: float = value(0.5, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    curve: str = option("straight", *BENDS, doc="Form of its parts; exponential: fast at first, as a plucked string."),
    *,
    y: float = 0.0,
    climbing: float = 0.0,
    was: float = 0.0,
):
    """A rise during a release climbs on from where it is, and so does a gate that is high already when it is wired or
    switched in. The top is 1.

    Exponential: the attack aims at 1.3, as a capacitor's does; the others come as near as e^-4 before they arrive.
    """
    struck = 1 if gate.rises > 0 or gate.level > was else 0
    held = max(gate.level, struck)
    climb = held * max(climbing, struck)
    up = t.dt / max(attack, t.dt)
    step = t.dt / max(decay, t.dt)
    down = t.dt / max(release, t.dt)
    top = choose(curve, straight=min(y + up, 1), exponential=attack_level(y, up))
    settled = choose(curve, straight=clamp(sustain, y - step, y + step), exponential=decay_level(y, sustain, step))
    gone = choose(curve, straight=max(y - down, 0), exponential=decay_level(y, 0, down))
    made = top if climb > 0 else (settled if held > 0 else gone)
    z = made if made > 1e-9 else 0
    return z, z, (1 if climb > 0 and z < 1 - 1e-9 else 0), gate.level


@node(
    "ahd",
    "AHD",
    "Strikes: swells, stays for a while and fades, however long the gate is; in a loop it keeps time with a clock.",
    out=(out("out", 0, 1, doc="The envelope."), gate_out("end", doc="Rises when it has faded.")),
    category="modulation",
    display="envelope",
    tags=("envelope", "attack", "hold", "decay", "percussion", "trigger", "contour"),
)
def ahd(
    t: Frame,
    gate: Gate = gate(doc="Strikes with every rise."),
    attack: float = value(0.05, 0.001, 30, unit="s", taper="log", doc="Seconds to climb by 1."),
    hold: float = value(0.1, 0, 30, unit="s", doc="Seconds at the top."),
    decay: float = value(0.5, 0.001, 30, unit="s", taper="log", doc="Seconds to sink by 1."),
    curve: str = option("straight", *BENDS, doc="Form of its parts; exponential: fast at first, as a plucked string."),
    play: str = option("once", "once", "loop", doc="Once with every rise, or again and again by itself."),
    *,
    y: float = 0.0,
    climbing: float = 0.0,
    waiting: float = 0.0,
    spare: float = 0.0,
):
    """A strike before the end climbs on from where it is. The curves are those of ADSR.

    A part that ends within a control frame leaves the rest of it to the next part, so that the three take the sum of
    their times, however often it loops; attack and decay take a frame at least, and so does the way up from a strike.
    The frames in which it arrives show the top and the end themselves.
    """
    again = 1 if play == "loop" and y <= 0 else climbing
    climb = 1 if gate.rises > 0 else again
    rising = max(attack, t.dt)
    up = (t.dt if gate.rises > 0 else t.dt + spare) / rising
    high = choose(curve, straight=1 - y, exponential=attack_share(y))
    arrived = 1 if climb > 0 and up >= high - 1e-9 else 0
    top = 1 if arrived > 0 else choose(curve, straight=y + up, exponential=attack_level(y, up))
    sinking = max(decay, t.dt)
    down = (t.dt - waiting if t.dt - waiting > 1e-9 else 0) / sinking
    low = choose(curve, straight=y, exponential=decay_share(y))
    faded = 1 if climb < 1 and down >= low - 1e-9 else 0
    over = faded if y > 0 else 0
    sunk = 0 if faded > 0 else choose(curve, straight=y - down, exponential=decay_level(y, 0, down))
    z = top if climb > 0 else sunk
    rest = (up - high) * rising if gate.rises < 1 else 0
    left = hold - rest if arrived > 0 else max(waiting - t.dt, 0)
    return z, (over, over), z, climb - arrived, left, max(down - low, 0) * sinking if over > 0 else 0


@node(
    "ramp",
    "Ramp",
    "Climbs evenly from 0 to 1 over some beats or seconds.",
    out=(out("out", 0, 1, doc="How far it is."), gate_out("end", doc="Rises at the top; high while it stays there.")),
    category="modulation",
    display="phase",
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
    parked = 1 if ahead < 0 or (play == "loop" and ahead >= 1e9) else 0
    begun = choose(play, once=0, loop=0, gate=-1) if parked > 0 else ahead
    here = 0 if gate.rises > 0 else begun
    laps = floor(max(here, 0) + 1e-9)
    step = (t.dbeat if unit == "beats" else t.dt) / length
    top = laps if play == "loop" else (1 if here >= 1 - 1e-9 and here < 1e9 else 0)
    rest = clamp(here - laps, 0, 1) if play == "loop" else clamp(here, 0, 1)
    moved = here + step if here >= 0 else here
    following = here - laps + step if play == "loop" else (1e9 if laps > 0 else moved)
    return rest, (min(laps, 1), top), following
