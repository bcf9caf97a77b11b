"""Where sound and signals go: to the speaker, to a file, to the eye."""

from __future__ import annotations

import math

from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import clamp, log
from demon_patch.nodes.language.declare import Declaration, node
from demon_patch.nodes.language.ports import Port, audio, live_value, out, value

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
    display="meter",
)
recorder = Declaration(
    "recorder",
    "Recorder",
    "Writes the sound to a file.",
    "sink",
    "output",
    ("audio", "record", "wav", "file", "save"),
    (
        _AUDIO,
        Port(
            "file",
            "path",
            "take.wav",
            title="File",
            doc="A new file, relative to the patch: take-2.wav where there is a take.wav.",
        ),
    ),
    (),
    display="tape",
)

_SIGNAL = Port("x", "value", 0.0, -math.inf, math.inf, title="Signal", doc="What is shown.")
_GATE = Port("gate", "gate", None, 0.0, 1.0, title="Gate", doc="A gate that is shown beneath it.")
scope = Declaration(
    "scope",
    "Scope",
    "Draws a signal as it was in the last seconds.",
    "display",
    "output",
    ("oscilloscope", "display", "plot", "trace", "show"),
    (
        _SIGNAL,
        _GATE,
        Port("span", "value", 4.0, 0.5, 10.0, unit="s", title="Span", doc="Seconds that are seen.", fixed=True),
    ),
    (),
    display="scope",
)
value_display = Declaration(
    "value_display",
    "Value",
    "Shows a signal as a number.",
    "display",
    "output",
    ("number", "display", "readout", "monitor", "show"),
    (_SIGNAL,),
    (),
    display="number",
)


@node(
    "meter",
    "Meter",
    "Shows how loud the sound is, in decibels; Envelope Follower moves controls with it.",
    out=(
        out("level", -60, 0, unit="dB", doc="Rms; 0 is a full sine."),
        out("peak", -60, 0, unit="dB", doc="The highest sample; falls slowly."),
    ),
    category="output",
    display="meter",
    tags=("audio", "level", "vu", "peak", "loudness", "show"),
    live=True,
)
def meter(
    t: Frame,
    audio: object = audio(doc="The sound: the Decoder's, or a source's."),
    fall: float = value(20, 1, 100, unit="dB/s", taper="log", doc="How fast the peak falls."),
    rms: float = live_value(0, 0, 1, of="sound.level", doc="Of the frame; 1 is a full sine."),
    top: float = live_value(0, 0, 1, of="sound.peak", doc="The largest sample of the frame."),
    *,
    y: float = -60.0,
):
    """Decibels: 20 log10 of an amplitude, no lower than -60."""
    per = 20 / log(10)
    z = max(clamp(per * log(max(top, 1e-3)), -60, 0), y - fall * t.dt, -60)
    return clamp(per * log(max(rms, 1e-3)), -60, 0), z, z
