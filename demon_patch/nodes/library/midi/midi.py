"""What MIDI devices send.

A node says what it listens to; whoever reads the device allots notes to voices, counts controllers of two bytes
together and decides when a controller has picked up. Channel "all" hears every one.
"""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate, Gates, Row
from demon_patch.codegen.vocabulary import pick
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import (
    gate_out,
    live_gate,
    live_gates,
    live_value,
    live_values,
    number,
    option,
    out,
    value,
)
from demon_patch.nodes.language.shared_arithmetic import smoothed

VOICES = 8
CHANNELS = ("all", *(str(n) for n in range(1, 17)))
_CHANNEL = "The channel that is heard."


@node(
    "midi_notes",
    "MIDI Notes",
    "Plays controls from a keyboard, one note at a time.",
    out=(
        out("pitch", 0, 127, unit="semitones", doc="The note, as MIDI counts: 60 is middle C."),
        out("velocity", 0, 1, doc="How hard it was struck."),
        gate_out("gate", doc="High while a key is held; rises with every note that begins to sound."),
        out("pressure", 0, 1, doc="How hard it is held."),
    ),
    category="midi",
    display="keys",
    tags=("keyboard", "notes", "keys", "pitch", "velocity", "live"),
    live=True,
)
def midi_notes(
    t: Frame,
    channel: str = option("all", *CHANNELS, doc=_CHANNEL),
    priority: str = option("last", "last", "low", "high", "first", doc="Which of several held keys sounds."),
    lowest: float = number(0, 0, 127, doc="The lowest note that is heard."),
    highest: float = number(127, 0, 127, doc="The highest note that is heard."),
    glide: float = value(0, 0, 10, unit="s", doc="Seconds from one pitch to the next."),
    note: float = live_value(60, 0, 127, unit="semitones", doc="The note that sounds."),
    force: float = live_value(0, 0, 1, doc="Its velocity."),
    held: Gate = live_gate(doc="Whether a key is down."),
    touch: float = live_value(0, 0, 1, doc="Its pressure."),
    *,
    y: float = 60.0,
):
    """One pole: 63 % of an interval after `glide`."""
    z = smoothed(y, note, t.dt, max(glide, 1e-6))
    return z, force, (held.level, held.rises), touch, z


@node(
    "midi_voices",
    "MIDI Voices",
    "Plays up to eight notes at a time, each with controls of its own.",
    out=(
        *(out(f"pitch_{n}", 0, 127, unit="semitones", doc=f"The note of voice {n}.") for n in range(1, VOICES + 1)),
        *(out(f"velocity_{n}", 0, 1, doc=f"How hard voice {n} was struck.") for n in range(1, VOICES + 1)),
        *(gate_out(f"gate_{n}", doc=f"High while the key of voice {n} is held.") for n in range(1, VOICES + 1)),
    ),
    category="midi",
    display="keys",
    tags=("keyboard", "polyphony", "chord", "voices", "keys", "live"),
    live=True,
)
def midi_voices(
    t: Frame,
    channel: str = option("all", *CHANNELS, doc=_CHANNEL),
    voices: float = number(8, 1, VOICES, doc="How many sound at most; the oldest gives way."),
    lowest: float = number(0, 0, 127, doc="The lowest note that is heard."),
    highest: float = number(127, 0, 127, doc="The highest note that is heard."),
    note: Row = live_values(VOICES, 60, 0, 127, unit="semitones", doc="The note of voice {n}."),
    force: Row = live_values(VOICES, 0, 0, 1, doc="The velocity of voice {n}."),
    held: Gates = live_gates(VOICES, doc="Whether the key of voice {n} is down."),
):
    return (
        pick(note, 0), pick(note, 1), pick(note, 2), pick(note, 3),
        pick(note, 4), pick(note, 5), pick(note, 6), pick(note, 7),
        pick(force, 0), pick(force, 1), pick(force, 2), pick(force, 3),
        pick(force, 4), pick(force, 5), pick(force, 6), pick(force, 7),
        (pick(held.level, 0), pick(held.rises, 0)), (pick(held.level, 1), pick(held.rises, 1)),
        (pick(held.level, 2), pick(held.rises, 2)), (pick(held.level, 3), pick(held.rises, 3)),
        (pick(held.level, 4), pick(held.rises, 4)), (pick(held.level, 5), pick(held.rises, 5)),
        (pick(held.level, 6), pick(held.rises, 6)), (pick(held.level, 7), pick(held.rises, 7)),
    )  # fmt: skip


@node(
    "midi_cc",
    "MIDI Control",
    "Lets a knob or fader of a MIDI device move a control.",
    out=(
        out("value", 0, 1, doc="Where the controller stands."),
        gate_out("gate", doc="High while it stands in the upper half, as a switch or pedal does."),
    ),
    category="midi",
    display="dial",
    tags=("controller", "cc", "knob", "fader", "pedal", "live"),
    live=True,
)
def midi_cc(
    t: Frame,
    channel: str = option("all", *CHANNELS, doc=_CHANNEL),
    number: float = number(1, 0, 127, doc="The controller's number; 1 is the modulation wheel."),
    width: str = option("7 bit", "7 bit", "14 bit", doc="14 bit: numbers 0 to 31 are the coarse half of a pair."),
    mode: str = option(
        "absolute", "absolute", "pickup", "relative",
        doc="pickup: waits until it passes the present value; relative: an endless knob that sends steps.",
    ),
    smooth: float = value(0.02, 0, 10, unit="s", doc="Seconds that it takes to follow a jump."),
    position: float = live_value(0, 0, 1, doc="The latest position."),
    *,
    y: float = 0.0,
    high: float = 0.0,
):  # fmt: skip
    """One pole: 63 % of a jump after `smooth`. The gate does not wait for it."""
    z = smoothed(y, position, t.dt, max(smooth, 1e-6))
    level = 1 if position >= 0.5 else 0
    return z, (level, 1 if level > high else 0), z, level


@node(
    "midi_bend",
    "MIDI Bend",
    "Lets the pitch wheel of a MIDI device bend a control.",
    out=(
        out("bend", -1, 1, doc="Where the wheel stands; 0 at rest."),
        out("semitones", -48, 48, unit="semitones", doc="The same as an interval."),
    ),
    category="midi",
    display="dial",
    tags=("pitch bend", "wheel", "glide", "vibrato", "live"),
    live=True,
)
def midi_bend(
    t: Frame,
    channel: str = option("all", *CHANNELS, doc=_CHANNEL),
    range: float = value(2, 0, 48, unit="semitones", doc="The interval of a full bend."),
    wheel: float = live_value(0, -1, 1, doc="The latest position, of 14 bits."),
):
    return wheel, wheel * range


@node(
    "midi_pressure",
    "MIDI Pressure",
    "Lets the pressure on the keys of a MIDI device move a control.",
    out=out("pressure", 0, 1, doc="How hard the keys are held."),
    category="midi",
    display="dial",
    tags=("aftertouch", "touch", "expression", "keys", "live"),
    live=True,
)
def midi_pressure(
    t: Frame,
    channel: str = option("all", *CHANNELS, doc=_CHANNEL),
    of: str = option(
        "channel", "channel", "keys", doc="channel: of the whole keyboard; keys: the hardest of all keys."
    ),
    smooth: float = value(0.05, 0, 10, unit="s", doc="Seconds that it takes to follow a jump."),
    touch: float = live_value(0, 0, 1, doc="The latest pressure."),
    *,
    y: float = 0.0,
):
    """One pole: 63 % of a jump after `smooth`."""
    z = smoothed(y, touch, t.dt, max(smooth, 1e-6))
    return z, z


@node(
    "midi_clock",
    "MIDI Clock",
    "Runs controls in time with another machine.",
    out=(
        out("tempo", 20, 400, unit="bpm", doc="Its tempo."),
        gate_out("running", doc="High between its start and stop."),
        gate_out("beat", doc="Rises with each of its beats."),
    ),
    category="midi",
    display="number",
    tags=("sync", "tempo", "beat", "start", "external", "live"),
    live=True,
)
def midi_clock(
    t: Frame,
    beats: float = number(1, 1, 16, doc="Quarter notes to a beat."),
    pace: float = live_value(120, 20, 400, unit="bpm", doc="The tempo of the latest clocks."),
    run: Gate = live_gate(doc="Between start and stop."),
    pulse: Gate = live_gate(doc="Rises with each beat."),
):
    return pace, (run.level, run.rises), (pulse.level, pulse.rises)
