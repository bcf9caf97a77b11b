"""What a sound does, as control signals.

An analysis node wired to the Decoder hears the sounding output, one frame later; wired to a source, it knows the whole
song beforehand.
"""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame, Row
from demon_patch.codegen.vocabulary import choose, clamp, log, pick, sqrt, total
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import audio, gate_out, live_value, live_values, option, out, value
from demon_patch.nodes.language.shared_arithmetic import smoothed


@phrase
def loud(amplitude: float) -> float:
    """An amplitude up to 1 from -60 dB (0) to full level (1)."""
    return 1 + log(max(amplitude, 0.001)) / log(1000)


_SOUND = "The sound: the Decoder's, or a source's."


@node(
    "follower",
    "Envelope Follower",
    "Moves a control with the loudness of the sound.",
    out=out("out", 0, 1, doc="The envelope."),
    category="analysis",
    display="meter",
    tags=("envelope", "level", "amplitude", "audio", "sidechain", "duck"),
    live=True,
)
def follower(
    t: Frame,
    audio: object = audio(doc=_SOUND),
    attack: float = value(0.02, 0.001, 10, unit="s", taper="log", doc="Seconds to follow a swell."),
    release: float = value(0.2, 0.001, 10, unit="s", taper="log", doc="Seconds to follow a fade."),
    scale: str = option("dB", "dB", "linear", doc="dB: -60 dB is 0 and full level 1; linear: amplitude."),
    level: float = live_value(0, 0, 1, of="sound.level", doc="Rms of the frame; 1 is a full sine."),
    *,
    y: float = 0.0,
):
    """One pole each way: 63 % of a step after `attack` or `release`."""
    x = loud(level) if scale == "dB" else level
    z = smoothed(y, x, t.dt, attack if x > y else release)
    return z, z


@node(
    "onset",
    "Onset",
    "Strikes with every attack in the sound, or only with those of its kicks, its snares or its hats.",
    out=(
        gate_out("gate", doc="Rises with every attack, for one frame."),
        out("strength", 0, 1, doc="How strong the latest attack was."),
    ),
    category="analysis",
    display="threshold",
    tags=("attack", "beat", "transient", "drum", "kick", "snare", "trigger", "audio"),
    live=True,
)
def onset(
    t: Frame,
    audio: object = audio(doc=_SOUND),
    sensitivity: float = value(0.7, 0, 1, doc="How weak an attack may be."),
    gap: float = value(0.1, 0.04, 2, unit="s", taper="log", doc="Seconds between two attacks at least."),
    hears: str = option(
        "all", "all", "low", "middle", "high",
        doc="Attacks of any kind; or of kicks alone (low), of snares (middle), of hats (high).",
    ),
    flux: float = live_value(
        0, 0, 1, of="sound.flux", doc="Mean rise of the spectrum since the frame before; 1 is 60 dB."
    ),
    low: float = live_value(0, 0, 1, of="sound.stroke_low", doc="A kick: 0.03 if 60 dB below the loudest, up to 0.5."),
    middle: float = live_value(0, 0, 1, of="sound.stroke_middle", doc="A snare, likewise."),
    high: float = live_value(0, 0, 1, of="sound.stroke_high", doc="A hat, likewise."),
    *,
    usual: float = 0.0,
    before: float = 0.0,
    since: float = 10.0,
    strength: float = 0.0,
):  # fmt: skip
    """An attack grows and is above 0.005 + (1 - sensitivity)^2 / 4. A small network tells kicks (low), snares, claps
    and toms (middle), hats and cymbals (high), each in the frame in which it is struck or the next one. An attack of
    any kind is one of these, or a flux that is also above 1.5 times its mean of the last second."""
    drum = max(low, middle, high)
    x = choose(hears, all=max(drum, flux - 1.5 * usual), low=low, middle=middle, high=high)
    hit = 1 if x > 0.005 + 0.25 * (1 - sensitivity) ** 2 and x > before and since >= gap - 1e-9 else 0
    struck = clamp(sqrt(2 * max(x, flux if hears == "all" else 0)), 0, 1) if hit > 0 else strength
    mean = smoothed(usual, flux, t.dt, 1)
    return (hit, hit), struck, mean, x, (t.dt if hit > 0 else min(since + t.dt, 10)), struck


@node(
    "bands",
    "Bands",
    "Splits the sound into eight bands, from bass to air, each a control.",
    out=tuple(out(f"band_{n}", 0, 1, doc=f"Band {n} of 8.") for n in range(1, 9)),
    category="analysis",
    display="bars",
    tags=("spectrum", "frequency", "bass", "treble", "equaliser", "audio"),
    live=True,
)
def bands(
    t: Frame,
    audio: object = audio(doc=_SOUND),
    scale: str = option("dB", "dB", "share", doc="dB: -60 dB is 0 and full level 1; share: of the whole amplitude."),
    amplitudes: Row = live_values(8, 0, 0, 1, of="sound.band_{n}", doc="Amplitude of band {n}."),
):
    """Equal steps of pitch: 60, 116, 226, 437, 849 Hz, 1.6, 3.2, 6.2 and 12 kHz; at a sampling rate below 24 kHz up to
    half of it."""
    whole = max(total(amplitudes), 1e-9)
    return (
        pick(amplitudes, 0) / whole if scale == "share" else loud(pick(amplitudes, 0)),
        pick(amplitudes, 1) / whole if scale == "share" else loud(pick(amplitudes, 1)),
        pick(amplitudes, 2) / whole if scale == "share" else loud(pick(amplitudes, 2)),
        pick(amplitudes, 3) / whole if scale == "share" else loud(pick(amplitudes, 3)),
        pick(amplitudes, 4) / whole if scale == "share" else loud(pick(amplitudes, 4)),
        pick(amplitudes, 5) / whole if scale == "share" else loud(pick(amplitudes, 5)),
        pick(amplitudes, 6) / whole if scale == "share" else loud(pick(amplitudes, 6)),
        pick(amplitudes, 7) / whole if scale == "share" else loud(pick(amplitudes, 7)),
    )


@node(
    "centroid",
    "Brightness",
    "Moves a control with the brightness of the sound.",
    out=(
        out("out", 0, 1, doc="The spectral centroid by octaves: 0 is 50 Hz, 1 is 12.8 kHz."),
        out("hz", 50, 12_800, unit="Hz", doc="The same as a frequency."),
    ),
    category="analysis",
    display="scope",
    tags=("centroid", "spectrum", "timbre", "bright", "dark", "audio"),
    live=True,
)
def centroid(
    t: Frame,
    audio: object = audio(doc=_SOUND),
    smooth: float = value(0.1, 0, 10, unit="s", doc="Seconds that it takes to follow a change."),
    brightness: float = live_value(0, 0, 1, of="sound.brightness", doc="Of two frames of sound."),
    *,
    y: float = 0.0,
):
    """One pole: 63 % of a step after `smooth`."""
    z = smoothed(y, brightness, t.dt, max(smooth, 1e-6))
    return z, 50 * 256**z, z


@node(
    "loudness",
    "Loudness",
    "Moves a control with how loud the ear finds the sound.",
    out=(
        out("out", 0, 1, doc="-60 LUFS is 0, 0 LUFS is 1."),
        out("lufs", -70, 0, unit="LUFS", doc="Momentary loudness (ITU-R BS.1770, 0.4 s)."),
    ),
    category="analysis",
    display="meter",
    tags=("lufs", "level", "volume", "ear", "k-weighting", "audio"),
    live=True,
)
def loudness(
    t: Frame,
    audio: object = audio(doc=_SOUND),
    momentary: float = live_value(-70, -70, 0, unit="LUFS", of="sound.loudness", doc="Over the latest 0.4 s."),
):
    return clamp(1 + momentary / 60, 0, 1), momentary


@node(
    "similarity",
    "Similarity",
    "Moves a control with how much the sound still resembles its source.",
    out=out("out", 0, 1, doc="1 is the source's own spectrum."),
    category="analysis",
    display="meter",
    tags=("likeness", "source", "distance", "cover", "compare", "audio"),
    live=True,
)
def similarity(
    t: Frame,
    audio: object = audio(doc=_SOUND),
    smooth: float = value(0.2, 0, 10, unit="s", doc="Seconds that it takes to follow a change."),
    likeness: float = live_value(
        0, 0, 1, of="sound.likeness", doc="To the source in the same place of the song, over 0.4 s."
    ),
    *,
    y: float = 0.0,
):
    """The correlation of 24 bands in dB, which does not depend on the level; one pole of `smooth`."""
    z = smoothed(y, likeness, t.dt, max(smooth, 1e-6))
    return z, z
