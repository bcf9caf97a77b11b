"""What is made of the strokes of a gate: fewer, more, counted."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import floor, inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, out, value
from demon_patch.nodes.language.shared_arithmetic import gate_level, pulse_level, ticks_passed, wrapped


@node(
    "divider",
    "Clock Divider",
    "Lets one in so many strokes of a gate through; a reset closes it until the next of them.",
    out=gate_out("gate", through="gate", doc="The strokes let through."),
    category="sequence",
    display="lamp",
    tags=("clock", "division", "slow", "rhythm", "trigger"),
)
def divider(
    t: Frame,
    gate: Gate = gate(doc="The strokes."),
    by: float = value(2, 1, 64, taper="int", doc="In how many strokes one gets through."),
    late: float = value(0, 0, 63, taper="int", doc="Which one: 0 the first, 1 the second."),
    reset: Gate = gate(doc="The next stroke is the first; one in the same frame is it."),
    *,
    number: float = 0.0,
    open: float = 0.0,
):
    """Stroke m since the last reset, counted from 0, gets through if m - late is a multiple of by. The gate is high
    while a stroke that got through is."""
    begun = 0 if reset.rises > 0 else number
    n = begun + gate.rises
    passed = floor((n - 1 - late) / by) - floor((begun - 1 - late) / by)
    kept = 0 if reset.rises > 0 else open
    latest = (1 if wrapped(n - 1 - late, by) < 1 else 0) if gate.rises > 0 else kept
    return (gate.level * latest, passed), n, latest


@node(
    "multiplier",
    "Clock Multiplier",
    "Strikes several times, evenly, for every stroke of a gate.",
    out=gate_out("gate", through="gate", doc="The strokes, and more between them."),
    category="sequence",
    display="lamp",
    tags=("clock", "multiply", "fast", "ratchet", "subdivision", "trigger"),
)
def multiplier(
    t: Frame,
    gate: Gate = gate(doc="The strokes."),
    by: float = value(2, 1, 16, taper="int", doc="Strokes for each; turned while it runs, from the next of them on."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of the time that the gate is high."),
    *,
    since: float = -1.0,
    interval: float = 0.0,
    at: float = 0.0,
    open: float = 0.0,
):
    """Takes the time between the last two strokes for the time to the next; after the first there is nothing to go by.

    The last stroke for one waits for the next, so that a clock that slows down is not overrun. Only strokes that fall
    into a frame are made in it, and none sooner after the last than they lie apart.
    since, interval: in frames; -1 and 0 before they are known. at: its own last stroke, by that count.
    """
    passed = since + 1 if since >= 0 else -1
    due = min(floor(by * passed / interval + 1e-9), by - 1) if interval > 0 else 0
    made = min(floor(by * since / interval + 1e-9), by - 1) if interval > 0 else 0
    own = max(due - made, 0) if passed - at > interval / by - 1 else 0
    span = (passed / gate.rises if passed > 0 else 0) if gate.rises > 0 else interval
    here = 0 if gate.rises > 0 else passed
    part = by * here / span + 1e-9 if span > 0 and here >= 0 else 0
    begun = (gate.rises if span <= 0 else 1 + by * (gate.rises - 1)) if gate.rises > 0 else 0
    rises = own + begun
    level = gate_level((pulse_level(part, width) if part < by else 0) if span > 0 else gate.level, rises, open)
    struck = passed if own > 0 else at
    return (level, rises), min(here, 1e6), span, 0 if gate.rises > 0 else struck, level


@node(
    "counter",
    "Counter",
    "Counts strokes, up and down, and begins again.",
    out=(
        out("count", 0, inf, doc="The count, from 0."),
        out("place", 1, 4096, unit="place", doc="The count from 1, which chooses a signal of Select or a preset."),
        out("share", 0, 1, doc="The count as a share of the whole round."),
        gate_out("wrap", doc="Rises when the count begins again, at either end."),
    ),
    category="sequence",
    display="number",
    tags=("count", "modulo", "up", "down", "number", "trigger"),
)
def counter(
    t: Frame,
    up: Gate = gate(doc="Adds 1 with every rise."),
    down: Gate = gate(doc="Takes 1 away with every rise."),
    modulus: float = value(8, 1, 4096, taper="int", doc="Counts of a round: 0 to one below it."),
    reset: Gate = gate(doc="Back to 0; strokes in the same frame count from there."),
    *,
    n: float = 0.0,
):
    """A modulus that sinks below the count wraps it at once, and counts as one wrap."""
    moved = (0 if reset.rises > 0 else n) + up.rises - down.rises
    rounds = floor(moved / modulus)
    here = moved - rounds * modulus
    over = min(abs(rounds), max(floor((up.rises + down.rises - 1) / modulus) + 1, 1))
    return here, here + 1, here / modulus, (min(over, 1), over), here


@node(
    "beat_position",
    "Beat Position",
    "Tells where in the beat and in the bar the transport is.",
    out=(
        out("beat", 0, inf, unit="beats", doc="Beats of the bar, from 0, with their fractions."),
        out("bar", -inf, inf, unit="bars", doc="Whole bars since the start."),
        out("beat_phase", 0, 1, doc="From 0 to 1 within the beat."),
        out("bar_phase", 0, 1, doc="From 0 to 1 within the bar."),
        gate_out("on_beat", doc="Rises on every beat; high for half of it."),
        gate_out("on_bar", doc="Rises on every bar; high for half of it."),
    ),
    category="sequence",
    display="phase",
    tags=("time", "meter", "bar", "beat", "phase", "transport", "downbeat"),
)
def beat_position(
    t: Frame, *, last_beat: float = -1.0, last_bar: float = -1.0, beat_open: float = 0.0, bar_open: float = 0.0
):
    """Beats count from the transport's start, so that before its first downbeat the bars are negative. A new metre
    begins a bar on the beat on which it comes."""
    beat = t.beat + 1e-9
    bars = t.bar + 1e-9 / t.beats_per_bar
    n = floor(beat)
    bar = floor(bars)
    beaten = ticks_passed(beat, last_beat, t.dbeat)
    begun = ticks_passed(bars, last_bar, t.dbar)
    on_beat = gate_level(pulse_level(beat, 0.5), beaten, beat_open)
    on_bar = gate_level(pulse_level(bars, 0.5), begun, bar_open)
    return (
        (bars - bar) * t.beats_per_bar, bar, beat - n, bars - bar,
        (on_beat, beaten), (on_bar, begun), beat, bars, on_beat, on_bar,
    )  # fmt: skip
