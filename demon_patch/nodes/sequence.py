"""Clocks and sequencers."""

from __future__ import annotations

from demon_patch.nodes.declare import node
from demon_patch.nodes.frame import Frame, Gate
from demon_patch.nodes.ports import gate, gate_out, option, out, value
from demon_patch.nodes.vocabulary import floor


@node(
    "clock",
    "Clock",
    "Ticks in time with the music.",
    out=gate_out("gate", doc="Rises on every tick."),
    category="sequence",
    tags=("gate", "beat", "tempo", "trigger", "metronome", "division"),
)
def clock(
    t: Frame,
    beats: float = value(1, 0.0625, 64, unit="beats", taper="log", doc="From one tick to the next."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of the time that the gate is high."),
    *,
    last: float = -1.0,
):
    """Tick n = floor(beat / beats); the first frame rises too. Ticks closer than a frame are counted in rises."""
    turn = t.beat / beats + 1e-9
    n = floor(turn)
    rises = min(n - last, floor(t.dbeat / beats) + 1) if n > last else (1 if n < last else 0)
    return (1 if turn - n < width else 0, rises), n


@node(
    "step_sequencer",
    "Step Sequencer",
    "Plays up to eight values in turn, on the beat.",
    out=(
        out("out", 0, 1, doc="The value of the step that plays."),
        gate_out("gate", doc="Rises with every step."),
    ),
    category="sequence",
    tags=("pattern", "rhythm", "steps", "sequence", "loop"),
)
def step_sequencer(
    t: Frame,
    v1: float = value(0, 0, 1, doc="Value of step 1."),
    v2: float = value(0, 0, 1, doc="Value of step 2."),
    v3: float = value(0, 0, 1, doc="Value of step 3."),
    v4: float = value(0, 0, 1, doc="Value of step 4."),
    v5: float = value(0, 0, 1, doc="Value of step 5."),
    v6: float = value(0, 0, 1, doc="Value of step 6."),
    v7: float = value(0, 0, 1, doc="Value of step 7."),
    v8: float = value(0, 0, 1, doc="Value of step 8."),
    length: float = value(8, 1, 8, unit="steps", taper="int", doc="Steps until it begins again."),
    beats: float = value(1, 0.0625, 64, unit="beats", taper="log", doc="Length of a step (transport)."),
    width: float = value(0.5, 0.01, 0.99, doc="Share of a step that the gate is high (transport)."),
    step: Gate = gate(doc="Plays the next step (gate)."),
    reset: Gate = gate(doc="The next step is step 1; transport: begins there at once."),
    by: str = option("transport", "transport", "gate", doc="What moves it on: the beat, or the step gate."),
    *,
    last: float = -1.0,
    origin: float = 0.0,
):
    """Transport: step floor(beat / beats) after the last reset. Gate: every rise at `step` moves on by one."""
    turn = t.beat / beats + 1e-9
    whole = floor(turn)
    begin = whole if reset.rises > 0 else origin
    beaten = whole - begin
    ahead = min(beaten - last, floor(t.dbeat / beats) + 1) if beaten > last else (1 if beaten < last else 0)
    stood = -1 if reset.rises > 0 else last
    n = beaten if by == "transport" else stood + step.rises
    rises = max(ahead, min(reset.rises, 1)) if by == "transport" else step.rises
    level = (1 if turn - whole < width else 0) if by == "transport" else step.level
    shown = max(n, 0)
    i = shown - floor(shown / length) * length
    low = (v1 if i < 1 else v2) if i < 2 else (v3 if i < 3 else v4)
    high = (v5 if i < 5 else v6) if i < 6 else (v7 if i < 7 else v8)
    return (low if i < 4 else high), (level, rises), n, begin
