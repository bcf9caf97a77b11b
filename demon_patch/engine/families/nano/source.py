"""Turns any audio file into a loop for nano: as `engine.sound.clip_loop` does, at the loudness of its training."""

from __future__ import annotations

from pathlib import Path

from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.sound import clip_loop
from demon_patch.engine.sound.clip_loop import Loop

__all__ = ["Loop", "read_loop"]

_LOUDNESS = 0.14  # rms


def read_loop(path: Path, seconds: float | None = None, bpm: float | None = None) -> Loop:
    """Returns the first `seconds` of a file (8 to 60; by default 60) as a loop of 8 to 60 s, mono at 32 kHz.

    bpm: the file's tempo, with which the loop consists of turns of whole bars. Raises SourceError where there is no
    sound to read.
    """
    return clip_loop.read_loop(SPEC, path, seconds, bpm, _LOUDNESS)
