"""The computer's keyboard as an instrument."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import clamp
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate_out, live_gate, live_value, out, value


@node(
    "keyboard",
    "Keyboard",
    "Plays notes with the keys of the computer.",
    out=(
        out("pitch", 0, 127, unit="semitones", doc="The note, as MIDI counts: 60 is middle C."),
        out("velocity", 0, 1, doc="How hard; the same for all keys of a computer."),
        gate_out("gate", doc="High while a key is held."),
        out("octave", -4, 4, doc="Octaves by which the keys are shifted."),
    ),
    category="control",
    display="keys",
    tags=("keys", "notes", "typing", "qwerty", "play", "live"),
    live=True,
)
def keyboard(
    t: Frame,
    transpose: float = value(0, -48, 48, unit="semitones", taper="int", doc="Added to every note."),
    key: float = live_value(60, 0, 127, unit="semitones", doc="The note of the latest key, without octave."),
    force: float = live_value(0.8, 0, 1, doc="Its velocity."),
    held: Gate = live_gate(doc="Whether a key is down."),
    shift: float = live_value(0, -4, 4, doc="The octave, moved by two keys of their own."),
):
    """The last key wins."""
    return clamp(key + 12 * shift + transpose, 0, 127), force, (held.level, held.rises), shift
