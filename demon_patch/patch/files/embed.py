"""Stores a patch in a sound file and reads it from there.

A WAV file has the patch in a RIFF chunk named `dpch` before the sound; a FLAC file has it as the comment in its tags.
Both contain the unchanged text of the patch file. It is written before the first sample, so a recording that is cut off
has it too. The tag `software` (WAV: ISFT) says whether the file is a render or a recording, and of a WAV file whether
it is still unfinished; an unfinished FLAC file has no checksum. Files may be hostile, as in `format`.
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
"""The end of the tag `software` of a WAV file that is not finished."""

LARGEST = 8 * 2**20
"""The most bytes of a patch's text in a sound file. A FLAC tag holds less than 16 MiB."""

_MD5 = slice(26, 42)  # of the sound, in the first block of a FLAC file


class Carried(NamedTuple):
    """The text of the patch in a sound file, and its tag `software`; each is empty if the file has none."""

    text: str | bytes
    software: str


def fits(text: str) -> bool:
    """Returns whether a patch's text is short enough for a sound file (LARGEST)."""
    return len(text.encode()) <= LARGEST


def software(kind: Kind) -> str:
    """Returns the tag `software` of a finished file of that kind."""
    return f"demon-patch {kind}"


def patch_chunks(text: str, kind: Kind) -> tuple[tuple[bytes, bytes], ...]:
    """Returns the chunks (name, content) of a new, unfinished WAV file: the tag `software`, and the patch if `text` is
    not empty."""
    own = ((CHUNK, text.encode()),) if text else ()
    return ((b"LIST", wav_chunks.information(ISFT=software(kind) + OPEN)), *own)


def is_open(path: Path) -> bool:
    """Returns whether a file is an unfinished recording: cut off, or still being written. Raises OSError, and
    PatchError for a file that is neither WAV nor FLAC."""
    with opened(path) as stream:
        head = stream.read(_MD5.stop)
    told = carried(path).software
    unended = not any(head[_MD5]) if head[:4] == b"fLaC" else told.endswith(OPEN)
    return unended and told.startswith(software("recording"))


def is_render(path: str | Path) -> bool:
    """Returns whether a file contains a patch and is no recording, so it can be rendered again. False if it cannot be
    read."""
    try:
        found = carried(Path(path))
    except (OSError, ValueError, PatchError):
        return False
    return bool(found.text) and not found.software.startswith(software("recording"))


def extract(path: str | Path) -> Patch:
    """Returns the patch in a WAV or FLAC file; raises PatchError if it contains none or cannot be read."""
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
    """Returns the patch's text and the tag `software` of a WAV or FLAC file. Raises OSError, and PatchError for another
    kind of file."""
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
    """Returns the comment as the patch's text, if it begins with { and is not too long, and the tag `software`."""
    try:
        with soundfile.SoundFile(stream) as file:
            text, told = file.comment, file.software
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise PatchError("this cannot be read as a FLAC file", file=path, mend="give a whole one") from error
    return Carried(text if text.startswith("{") and fits(text) else "", told)
