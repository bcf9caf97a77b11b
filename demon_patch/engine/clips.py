"""Tempo and first downbeat of audio files, kept beside them: `<clip>.tempo.json`.

    {"bpm": 124.0, "content": "…", "downbeat": 0.512, "edited": false}

`content` names what the audio file held when that was found; for other content it counts for nothing. A file beside a
clip is hostile until it is read: one that cannot be, or that says what no clip can have, is taken for missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from demon_patch.engine import sound_file
from demon_patch.engine.bar import BEATS_PER_BAR, BPM
from demon_patch.engine.tempo import detect
from demon_patch.errors import SourceError

SUFFIX = ".tempo.json"
LISTENED = 60.0
"""Seconds from the start of a file that are listened to."""

_DOWNBEAT = (0.0, 3600.0)  # seconds
_SIZE = 4096  # bytes of a stored tempo
_HASHED = 32 * 2**20  # bytes of the audio file: beyond what is listened to, unless it is very fine


@dataclass(frozen=True, slots=True)
class ClipTempo:
    """bpm, 20 to 400; downbeat: seconds to the first bar line; edited: by a person, not detected."""

    bpm: float
    downbeat: float
    edited: bool = False


def tempo_of(path: Path) -> ClipTempo | None:
    """What is stored for an audio file, else what is detected in it; None where no rhythm is heard.

    What was detected is stored, where the folder can be written. Raises SourceError for a file that is no audio.
    """
    try:
        content = _content(path)
    except OSError:
        content = ""  # reading it as audio says what is wrong
    if content and (kept := _stored(path, content)) is not None:
        return kept
    sound = sound_file.read(path, LISTENED)
    found = detect(sound.audio, sound.rate)
    if found is None:
        return None
    tempo = ClipTempo(round(found.bpm, 6), round(found.downbeat, 6))
    with suppress(OSError):  # a clip in a folder that cannot be written is listened to every time
        _store(path, content, tempo)
    return tempo


def edit(path: Path, bpm: float | None = None, downbeat: float | None = None) -> ClipTempo:
    """Stores another tempo or first downbeat for an audio file; what is None stays.

    A new tempo alone keeps the first downbeat's place, moved whole bars to within the first bar. Raises SourceError for
    values out of range, where there is no tempo yet and none is given, and where it cannot be stored.
    """
    known = tempo_of(path)
    if bpm is None and known is None:
        raise SourceError("no rhythm is heard in it", file=path, mend="give its tempo too")
    tempo = known or ClipTempo(_within("bpm", bpm, BPM, path), 0.0)
    if bpm is not None:
        bpm = _within("bpm", bpm, BPM, path)
        tempo = replace(tempo, bpm=bpm, downbeat=tempo.downbeat % (60.0 * BEATS_PER_BAR / bpm))
    if downbeat is not None:
        tempo = replace(tempo, downbeat=_within("downbeat", downbeat, _DOWNBEAT, path))
    tempo = replace(tempo, edited=True)
    try:
        _store(path, _content(path), tempo)
    except OSError as error:
        raise SourceError(
            f"its tempo cannot be stored: {error.strerror or error}",
            file=sidecar(path),
            mend="make its folder writable",
        ) from None
    return tempo


def sidecar(path: Path) -> Path:
    """Where the tempo of an audio file is kept."""
    return path.with_name(path.name + SUFFIX)


def _within(name: str, given: float | None, limits: tuple[float, float], path: Path) -> float:
    low, high = limits
    if given is None or not low <= given <= high:
        raise SourceError(f"{name} is {given}", file=path, mend=f"stay within {low:g} to {high:g}")
    return float(given)


def _content(path: Path) -> str:
    """The size of a file and a hash of its first 32 MiB."""
    with path.open("rb") as stream:
        digest = hashlib.blake2b(stream.read(_HASHED), digest_size=16).hexdigest()
    return f"{path.stat().st_size}-{digest}"


def _stored(path: Path, content: str) -> ClipTempo | None:
    if not sidecar(path).is_file():
        return None
    try:
        with sidecar(path).open("rb") as stream:
            text = stream.read(_SIZE + 1)
        given = json.loads(text) if len(text) <= _SIZE else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or given.get("content") != content or not isinstance(given.get("edited"), bool):
        return None
    if not _number(given.get("bpm"), BPM) or not _number(given.get("downbeat"), _DOWNBEAT):
        return None
    return ClipTempo(float(given["bpm"]), float(given["downbeat"]), given["edited"])


def _number(given: Any, limits: tuple[float, float]) -> bool:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    return limits[0] <= given <= limits[1]


def _store(path: Path, content: str, tempo: ClipTempo) -> None:
    """Whole or not at all."""
    entries = {"bpm": tempo.bpm, "content": content, "downbeat": tempo.downbeat, "edited": tempo.edited}
    target = sidecar(path)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        draft.write_text(json.dumps(entries, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
