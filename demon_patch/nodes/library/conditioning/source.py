"""Clips that the music covers."""

from __future__ import annotations

from collections.abc import Hashable

from demon_patch.engine.contracts import COMPOSERS, WIDE
from demon_patch.engine.sound.bar_template import BPM
from demon_patch.nodes.language.declare import refuse, resource
from demon_patch.nodes.language.migration import Migration
from demon_patch.nodes.language.ports import Out, option, path, text, value

_COMPOSER = (
    "Who writes the score. wide: sixteen styles with a human feel; first: eight, as in older patches. "
    "nano knows the first alone."
)

OUTS = (
    Out("source", "source", doc="The clip, for a Scheduler."),
    Out("audio", "audio", doc="Its sound along the song, to be analysed."),
)


@resource(
    "audio_source",
    "Audio Source",
    "Brings a recording that the music covers.",
    out=OUTS,
    category="conditioning",
    display="wave",
    tags=("file", "clip", "sample", "cover", "recording", "loop"),
)
def audio_source(
    file: str = path("", doc="An audio file, relative to the patch."),
    seconds: float = value(
        60, 1, 60, unit="s", taper="log", doc="The most of it that is used, in whole bars of its tempo."
    ),
    bpm: float = value(0, 0, BPM[1], unit="bpm", doc="Its tempo; below 20: as stored beside it, or as heard."),
    downbeat: float = value(-1, -1, 60, unit="s", doc="Its first bar line; below 0: as stored beside it, or as heard."),
) -> Hashable:
    """("audio", file, seconds, bpm or None, downbeat or None); the file is read when the patch starts to play."""
    if not file.strip() or "\0" in file:
        raise refuse("no audio file is named", "file", "name one, or use a Composed Source")
    known = float(bpm) if bpm >= BPM[0] else None
    return ("audio", file, float(seconds), known, float(downbeat) if downbeat >= 0 else None)


@resource(
    "composed_source",
    "Composed Source",
    "Brings a clip that is composed on the spot, so that a patch needs no file.",
    out=OUTS,
    category="conditioning",
    display="wave",
    tags=("generator", "loop", "demo", "clip", "style"),
    version=2,
    migrate={1: Migration(values=lambda old: {"composer": "first", **old})},
)
def composed_source(
    style: str = text("house", doc="What is composed, in the words of a prompt."),
    seconds: float = value(24, 8, 60, unit="s", taper="log", doc="Length; rounded to what loops."),
    seed: float = value(1, 0, 65535, taper="int", doc="Which piece of that style."),
    composer: str = option(WIDE, *COMPOSERS, doc=_COMPOSER),
) -> Hashable:
    """("composed", style, seconds, seed, composer). Patches of before the choice of composer have the first."""
    return ("composed", " ".join(style.split()), float(seconds), int(seed), composer)
