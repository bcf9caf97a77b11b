"""The notes that a patch tells the model to play."""

from __future__ import annotations

from demon_patch.engine.score import PARTS, VOICES
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Bank, Out, Port

NOTES = "notes"


def pitch_port(part: str, voice: int) -> str:
    """Returns the name of the port for the pitch of a voice (counted from 1) of a part."""
    return f"{part}_pitch{voice}"


def gate_port(part: str, voice: int) -> str:
    """Returns the name of the port for the gate of a voice (counted from 1) of a part."""
    return f"{part}_gate{voice}"


_KINDS = {
    "pitch": Port("", "value", 60.0, 0.0, 127.0, unit="semitones", doc="As MIDI counts: 60 is middle C."),
    "gate": Port("", "gate", None, 0.0, 1.0, optional=True, doc="A note begins where it rises, and is as long as it."),
}
_BANKS = {f"{part}_{kind}": Bank((port,) * VOICES) for part in PARTS for kind, port in _KINDS.items()}
_ROWS = {name: bank.with_name(name) for name, bank in _BANKS.items()}

notes = Declaration(
    NOTES,
    "Notes",
    "Has the model play the notes of a sequencer or a keyboard, part by part.",
    "score",
    "conditioning",
    ("score", "melody", "chords", "bass", "drums", "midi", "keyboard", "sequencer", "piano roll"),
    tuple(port for row in _ROWS.values() for port in row),
    (Out("score", "score", doc="The notes, for a Scheduler."),),
    doc="Each part has eight voices, each a pair of pitch and gate; a voice without a gate is silent. Notes that are "
    "known ahead are played at their frame, those of a keyboard as soon as a generation can have them.",
    banks=_ROWS,
    display="keys",
)
