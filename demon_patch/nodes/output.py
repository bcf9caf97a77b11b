"""Where the sound goes."""

from __future__ import annotations

from demon_patch.nodes.declare import Declaration
from demon_patch.nodes.ports import Port

_AUDIO = Port("audio", "audio", title="Audio", doc="The sound.")

speaker = Declaration(
    "speaker",
    "Speaker",
    "Plays the sound.",
    "sink",
    "output",
    ("audio", "loudspeaker", "play", "volume"),
    (_AUDIO, Port("gain", "value", 0.0, -60.0, 12.0, unit="dB", title="Gain", doc="Loudness at the speaker.")),
    (),
)
recorder = Declaration(
    "recorder",
    "Recorder",
    "Writes the sound to a file.",
    "sink",
    "output",
    ("audio", "record", "wav", "file", "save"),
    (_AUDIO, Port("file", "path", "take.wav", title="File", doc="The file, relative to the patch.")),
    (),
)
