"""Clocks and sequencers."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate, Row
from demon_patch.codegen.vocabulary import choose, floor, hash01, inf, pick
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, like, option, out, value, values
from demon_patch.nodes.language.shared_arithmetic import (
    MOVED_BY,
    bounced,
    gate_level,
    grid_offset,
    pulse_level,
    shift_sum,
    strokes_in_frame,
    ticks_passed,
    wrapped,
)

ORDERS = ("forwards", "backwards", "pendulum", "random")


@node(
    "clock",
    "Clock",
    "Ticks in time with the music; an interval that moves speeds it up and slows it down, without a jump.",
    out=gate_out("gate", doc="Rises on every tick."),
    category="sequence",
    display="lamp",
    tags=("gate", "beat", "tempo", "trigger", "metronome", "division"),
)
def clock(
    t: Frame,
    beats: float = value(1, 0.0625, 64, unit="beats", taper="log", doc="From one tick to the next."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of the time that the gate is high."),
    *,
    before: float = -1.0,
    free: float = 0.0,
    off: float = 0.0,
    last: float = -1.0,
    open: float = 0.0,
):
    """Tick n = floor(beat / beats); the first frame rises too. Ticks closer than a frame are counted in rises.

    While beats moves, its ticks are the integral of 1 / beats. Within two ticks after it rests they are again where
    beat / beats is a whole number. A wider gate begins with the next tick.
    """
    shift = grid_offset(t.beat, t.dbeat, before, beats, free, off)
    turn = t.beat / beats + shift + 1e-9
    rises = ticks_passed(turn, last, t.dbeat / beats)
    level = gate_level(pulse_level(turn, width), rises, open)
    return (level, rises), beats, shift_sum(free, t.beat, before, beats), shift, turn, level


@node(
    "step_sequencer", "Step Sequencer",
    "Plays up to eight values in turn, on the beat.",
    out=(out("out", 0, 1, doc="The value that plays."), gate_out("gate", doc="Rises with every step that plays.")),
    category="sequence", display="steps",
    tags=("pattern", "rhythm", "steps", "sequence", "loop", "ratchet", "probability"),
)  # fmt: skip
def step_sequencer(
    t: Frame,
    v: Row = values(8, 0, 0, 1, doc="Value of step {n}."),
    strokes: Row = values(8, 1, 0, 8, taper="int", doc="Strokes of step {n}; 0 rests (gate: at most 1)."),
    chance: Row = values(8, 1, 0, 1, doc="How often the gate of step {n} opens: 0 never, 1 always."),
    length: float = value(8, 1, 8, unit="steps", taper="int", doc="Steps until it begins again."),
    beats: float = value(1, 0.0625, 64, unit="beats", taper="log", doc="Length of a step (transport)."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of a stroke that the gate is high (transport)."),
    glide: float = value(0, 0, 30, unit="s", doc="Seconds to come nearly (to a fiftieth) to each value."),
    seed: float = value(0, 0, 65535, taper="int", doc="Which steps chance lets play, and the random order."),
    step: Gate = gate(doc="Plays the next step (gate)."),
    reset: Gate = gate(doc="The next step is step 1; transport: begins there at once."),
    by: str = MOVED_BY,
    order: str = option("forwards", *ORDERS, doc="Which step comes next; a pendulum turns round at both ends."),
    *, before: float = -1.0, free: float = 0.0, off: float = 0.0, last: float = -1.0, origin: float = 0.0,
    y: float = 0.0, open: float = 0.0, shown: float = -1.0,
):  # fmt: skip
    """Transport: step floor(beat / beats) after the last reset. Gate: every rise at `step` moves on by one.

    A length that moves is taken as by Clock. A new number of strokes counts from the next of its strokes on. The glide
    is exponential; of several steps within one frame the last decides whether the gate opens.
    """
    shift = grid_offset(t.beat, t.dbeat, before, beats, free, off)
    turn = t.beat / beats + shift + 1e-9
    begin = floor(turn) if reset.rises > 0 else origin
    stood = -1 if reset.rises > 0 else last
    place = turn - begin if by == "transport" else stood + step.rises
    n = floor(place)
    new = ticks_passed(place, stood, t.dbeat / beats) if by == "transport" else step.rises
    k = n if by == "transport" else max(n, 0)
    way = choose(order, forwards=k, backwards=-1 - k, pendulum=bounced(k, length), random=length * hash01(k, seed))
    i = floor(wrapped(way, length))
    hits = pick(strokes, i) if hash01(-2 - n, seed) < pick(chance, i) else 0
    rises = strokes_in_frame(hits, place - n, last, new, t.dbeat / beats)
    z = y + (pick(v, i) - y) * t.dt / (glide / 4 + t.dt)
    high = choose(by, transport=pulse_level((place - n) * hits, width), gate=step.level)
    level = gate_level(min(hits, 1) * high, rises, open)
    return z, (level, rises), beats, shift_sum(free, t.beat, before, beats), shift, place, begin, z, level, i


@node(
    "sequential_switch",
    "Sequential Switch",
    "Lets one of up to eight movements through, and goes on to the next with every stroke.",
    out=(like("v1", doc="The signal that is on."), out("place", 1, 8, unit="place", doc="Its number.")),
    category="sequence",
    display="switch",
    tags=("switch", "select", "route", "steps", "multiplexer", "sequence"),
)
def sequential_switch(
    t: Frame,
    v: Row = values(8, 0, -inf, inf, doc="Signal {n}."),
    length: float = value(8, 1, 8, taper="int", doc="Signals until it begins again."),
    step: Gate = gate(doc="Passes the next signal on."),
    reset: Gate = gate(doc="Back to signal 1; a step in the same frame counts from there."),
    seed: float = value(0, 0, 65535, taper="int", doc="The random order."),
    order: str = option("forwards", *ORDERS, doc="Which signal comes next; a pendulum turns round at both ends."),
    *,
    number: float = 0.0,
    shown: float = -1.0,
):
    """Signal 1 is on until the first step."""
    n = (0 if reset.rises > 0 else number) + step.rises
    way = choose(order, forwards=n, backwards=-n, pendulum=bounced(n, length), random=length * hash01(n, seed))
    i = floor(wrapped(way, length))
    return pick(v, i), i + 1, n, i
