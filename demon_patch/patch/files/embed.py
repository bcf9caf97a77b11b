"""The patch inside a sound file, and what made that file.

A WAV file carries the patch in a RIFF chunk of its own, `dpch`, before the sound; a FLAC file as the comment of its
tags. Both hold the text of the patch file as it is, from the first sample on, so that a recording that is cut off
carries it too. The tag `software` (WAV: ISFT) tells a render from a recording, and of a WAV file that it has not been
ended; a FLAC file that has not been ended has no checksum. A file is hostile until it is read: see `format`.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import soundfile

from demon_patch.errors import PatchError
from demon_patch.patch.files import wav_chunks
from demon_patch.patch.files.atomic_file import opened, reason
from demon_patch.patch.files.format import loads
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import place

Kind = Literal["render", "recording"]
"""A render can be made again from its patch; a recording cannot."""

CHUNK = b"dpch"
OPEN = " (not ended)"
"""What the tag `software` of a WAV file ends with until the file is ended."""

LARGEST = 8 * 2**20
"""Bytes of the text of a patch that a sound file carries: a tag of a FLAC file holds less than 16 MiB."""

_MD5 = slice(26, 42)  # of the sound, in the first block of a FLAC file


class Carried(NamedTuple):
    """What a sound file of ours carries: the text of its patch, and what made it, empty where it does not tell."""

    text: str | bytes
    software: str


def fits(text: str) -> bool:
    """Whether a sound file can carry that text."""
    return len(text.encode()) <= LARGEST


def software(kind: Kind) -> str:
    """The tag `software` of a file of that kind."""
    return f"demon-patch {kind}"


def patch_chunks(text: str, kind: Kind) -> tuple[tuple[bytes, bytes], ...]:
    """The chunks of a WAV file that is begun, and carries a patch, or with an empty text only tells what made it."""
    own = ((CHUNK, text.encode()),) if text else ()
    return ((b"LIST", wav_chunks.information(ISFT=software(kind) + OPEN)), *own)


def is_open(path: Path) -> bool:
    """Whether a file is a recording that was not ended: cut off, or still going on. Raises OSError, and PatchError for
    another kind of file."""
    with opened(path) as stream:
        head = stream.read(_MD5.stop)
    told = carried(path).software
    unended = not any(head[_MD5]) if head[:4] == b"fLaC" else told.endswith(OPEN)
    return unended and told.startswith(software("recording"))


def is_render(path: str | Path) -> bool:
    """Whether a file carries a patch and is no recording, so that it can be made again."""
    try:
        found = carried(Path(path))
    except (OSError, ValueError, PatchError):
        return False
    return bool(found.text) and not found.software.startswith(software("recording"))


def extract(path: str | Path) -> Patch:
    """The patch that a WAV or FLAC file carries; raises PatchError where it carries none."""
    path = Path(path)
    try:
        text = carried(path).text
    except (OSError, ValueError) as error:
        raise PatchError(f"cannot be read: {reason(error)}", file=path, mend="check the path") from None
    with place(path):
        if not text:
            raise PatchError("it carries no patch", mend="name a file that demon-patch has written")
        return loads(text)


def carried(path: Path) -> Carried:
    """What a WAV or FLAC file carries; raises OSError, and PatchError for another kind of file."""
    with opened(path) as stream:
        head = stream.read(12)
        if wav_chunks.is_riff(head):
            return _in_wav(stream)
        if head[:4] == b"fLaC":
            stream.seek(0)
            return _in_flac(stream, path)
    raise PatchError("this is no WAV or FLAC file", file=path, mend="name one that demon-patch has written")


def _in_wav(stream: BinaryIO) -> Carried:
    text, told = b"", ""
    for chunk in wav_chunks.chunks(stream):
        if chunk.name not in (CHUNK, b"LIST") or chunk.size > LARGEST:
            continue
        stream.seek(chunk.start)
        content = stream.read(chunk.size)
        if chunk.name == CHUNK:
            text = text or content
        elif content[:4] == b"INFO" and b"ISFT" in content:
            told = content.partition(b"ISFT")[2][4:].partition(b"\0")[0].decode(errors="replace")
    return Carried(text, told)


def _in_flac(stream: BinaryIO, path: Path) -> Carried:
    """The comment, where it can be a patch."""
    try:
        with soundfile.SoundFile(stream) as file:
            text, told = file.comment, file.software
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise PatchError("this cannot be read as a FLAC file", file=path, mend="give a whole one") from error
    return Carried(text if text.startswith("{") and fits(text) else "", told)
