"""Tempo and first downbeat of audio files, stored beside them: `<clip>.tempo.json`.

    {"bpm": 124.0, "content": "…", "downbeat": 0.512, "edited": false}

`content` is a hash of the first minute of the decoded sound; titles, pictures and other tags do not change it. A
detected tempo is used for that sound only. A tempo that a person edited is never replaced by a detection: where the
file now holds another sound, the edit is kept and a note says this. The stored file is not trusted. If it cannot be
read or holds impossible values, it is ignored, and left unchanged until a person edits or forgets the tempo.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from demon_patch.engine.sound import sound_file
from demon_patch.engine.sound.bar_template import BEATS_PER_BAR, BPM
from demon_patch.engine.sound.tempo import detect
from demon_patch.errors import SourceError
from demon_patch.shell_word import shell_word

SUFFIX = ".tempo.json"
LISTENED = 60.0
"""Seconds from the start of an audio file in which its tempo is detected."""

_DOWNBEAT = (0.0, 3600.0)  # seconds
_SIZE = 4096  # bytes of a stored tempo
_HASHED = 32 * 2**20  # bytes of the audio file that older versions hashed for `content`
_PIECE = 2**20  # bytes that are hashed at a time


@dataclass(frozen=True, slots=True)
class ClipTempo:
    """The tempo of a clip.

    bpm: beats a minute, 20 to 400.
    downbeat: seconds from the file's start to the first bar line.
    edited: whether a person set it; False where it was detected.
    """

    bpm: float
    downbeat: float
    edited: bool = False


class TempoReading(NamedTuple):
    """The tempo of a clip, with notes for the player.

    tempo: None where no rhythm is heard.
    notes: on the tempo. file_notes: on the audio file.
    """

    tempo: ClipTempo | None
    notes: tuple[str, ...] = ()
    file_notes: tuple[str, ...] = ()


def tempo_of(path: Path) -> ClipTempo | None:
    """Returns the stored tempo of an audio file, or else the detected one; None where no rhythm is heard.

    A detected tempo is stored where the folder can be written. Raises SourceError for a file that is no audio.
    """
    return tempo_with_notes(path).tempo


def tempo_with_notes(path: Path) -> TempoReading:
    """Returns the tempo of an audio file as `tempo_of` does, with notes for the player."""
    known = sound_file.survey(path, LISTENED)
    return TempoReading(*_tempo(path, known), known.notes)


def _tempo(path: Path, known: sound_file.Survey) -> tuple[ClipTempo | None, tuple[str, ...]]:
    kept = _stored(path)
    if isinstance(kept, _Kept):
        if kept.content == known.content or (not _is_sound_hash(kept.content) and kept.content == _old_content(path)):
            return kept.tempo, _write(path, known.content, kept.tempo) if kept.content != known.content else ()
        if kept.tempo.edited:
            note = f"{kept.tempo.bpm:g} bpm, first bar line at {kept.tempo.downbeat:g} s"
            return kept.tempo, (
                f"{path.name}: its tempo was edited for another sound than it holds now; the edit is kept: {note} "
                f"(demon-patch clip {shell_word(path.name)} --forget drops it)",
            )
    sound = sound_file.read_again(known)
    found = detect(sound.audio, sound.rate)
    tempo = ClipTempo(round(found.bpm, 6), round(found.downbeat, 6)) if found else None
    if kept == "unreadable":
        note = f"{sidecar(path).name} does not hold a tempo that can be read: it is left as it is, and does not count"
        return tempo, (f"{note} (demon-patch clip {shell_word(path.name)} --forget removes it)",)
    return tempo, _write(path, known.content, tempo) if tempo else ()


def set_tempo(path: Path, bpm: float | None = None, downbeat: float | None = None) -> ClipTempo:
    """Stores a tempo, a first downbeat or both for an audio file, and returns the new tempo.

    A new tempo alone keeps the position of the first downbeat, moved by whole bars into the first bar.

    bpm: beats a minute; None keeps the known one.
    downbeat: seconds to the first bar line; None keeps the known one.

    Raises SourceError for numbers out of range, where there is no tempo yet and none is given, and where it cannot be
    stored.
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
        _store(path, sound_file.survey(path, LISTENED).content, tempo)
    except OSError as error:
        raise _unwritable(path, "its tempo cannot be stored", error) from None
    return tempo


def forget_tempo(path: Path) -> bool:
    """Removes the stored tempo of an audio file, edited or not; returns whether there was one.

    Raises SourceError where it cannot be removed.
    """
    if not os.path.lexists(sidecar(path)):
        return False
    try:
        sidecar(path).unlink()
    except OSError as error:
        raise _unwritable(path, "it cannot be removed", error) from None
    return True


def sidecar(path: Path) -> Path:
    """Returns the path of the file in which the tempo of an audio file is stored."""
    return path.with_name(path.name + SUFFIX)


def _within(name: str, given: float | None, limits: tuple[float, float], path: Path) -> float:
    low, high = limits
    if given is None or not low <= given <= high:
        raise SourceError(f"{name} is {given}", file=path, mend=f"stay within {low:g} to {high:g}")
    return float(given)


def _unwritable(path: Path, what: str, error: OSError) -> SourceError:
    return SourceError(f"{what}: {error.strerror or error}", file=sidecar(path), mend="make its folder writable")


def _is_sound_hash(content: str) -> bool:
    """Returns whether `content` is a hash of decoded sound, and not one that an older version wrote."""
    return "-" not in content


def _old_content(path: Path) -> str:
    """Returns `content` as older versions wrote it: the size of a file and a hash of its first 32 MiB; "" if
    unreadable."""
    digest, left = hashlib.blake2b(digest_size=16), _HASHED
    try:
        with path.open("rb") as stream:
            while left and (piece := stream.read(min(_PIECE, left))):
                digest.update(piece)
                left -= len(piece)
        return f"{path.stat().st_size}-{digest.hexdigest()}"
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A stored tempo, and the hash (`content`) of the sound that it was found in or edited for."""

    tempo: ClipTempo
    content: str


def _stored(path: Path) -> _Kept | Literal["missing", "unreadable"]:
    if not os.path.lexists(sidecar(path)):
        return "missing"
    try:
        if not sidecar(path).is_file():
            return "unreadable"
        with sidecar(path).open("rb") as stream:
            text = stream.read(_SIZE + 1)
        given = json.loads(text) if len(text) <= _SIZE else None
    except (OSError, ValueError, RecursionError):
        return "unreadable"
    return _tempo_in(given) or "unreadable"


def _tempo_in(given: Any) -> _Kept | None:
    """Returns the tempo in the parsed contents of a stored file; None where they are not valid."""
    if not isinstance(given, dict) or not isinstance(given.get("content"), str):
        return None
    if not isinstance(given.get("edited"), bool):
        return None
    if not _is_within(given.get("bpm"), BPM) or not _is_within(given.get("downbeat"), _DOWNBEAT):
        return None
    return _Kept(ClipTempo(float(given["bpm"]), float(given["downbeat"]), given["edited"]), given["content"])


def _is_within(given: Any, limits: tuple[float, float]) -> bool:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return False
    return limits[0] <= given <= limits[1]


def _write(path: Path, content: str, tempo: ClipTempo) -> tuple[str, ...]:
    """Stores a tempo; returns a note for the player where it cannot be stored, else nothing."""
    try:
        _store(path, content, tempo)
    except OSError as error:
        return (f"{sidecar(path).name} cannot be written: {error.strerror or error}",)
    return ()


def _store(path: Path, content: str, tempo: ClipTempo) -> None:
    """Writes the stored file whole or not at all; raises OSError."""
    entries = {"bpm": tempo.bpm, "content": content, "downbeat": tempo.downbeat, "edited": tempo.edited}
    target = sidecar(path)
    draft = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        draft.write_text(json.dumps(entries, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
