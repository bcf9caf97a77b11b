"""The patch inside a sound file.

A WAV file carries it in a RIFF chunk of its own, `dpch`, behind the sound; a FLAC file as the comment of its tags. Both
hold the text of the patch file as it is. A file is hostile until it is read: see `format`.
"""

from __future__ import annotations

from pathlib import Path

import soundfile

from demon_patch.errors import PatchError
from demon_patch.patch import riff
from demon_patch.patch.data import place
from demon_patch.patch.document import Patch
from demon_patch.patch.format import loads
from demon_patch.patch.whole import reason

CHUNK = b"dpch"
LARGEST = 8 * 2**20
"""Bytes of the text of a patch that a sound file carries: a tag of a FLAC file holds less than 16 MiB."""


def fits(text: str) -> bool:
    """Whether a sound file can carry that text."""
    return len(text.encode()) <= LARGEST


def into_wav(path: Path, text: str) -> None:
    """Puts a patch's text into a finished WAV file, which stays valid at every moment; raises OSError."""
    riff.append(path, CHUNK, text.encode())


def extract(path: str | Path) -> Patch:
    """The patch that a WAV or FLAC file carries; raises PatchError where it carries none."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
        if riff.is_riff(head):
            text = _in_wav(path)
        elif head[:4] == b"fLaC":
            text = _in_flac(path)
        else:
            raise PatchError("this is no WAV or FLAC file", file=path, mend="name one that demon-patch has written")
    except (OSError, ValueError) as error:
        raise PatchError(f"cannot be read: {reason(error)}", file=path, mend="check the path") from None
    with place(path):
        if not text:
            raise PatchError("it carries no patch", mend="name a file that demon-patch has written")
        return loads(text)


def _in_wav(path: Path) -> bytes:
    with path.open("rb") as stream:
        for chunk in riff.chunks(stream):
            if chunk.name == CHUNK and chunk.size <= LARGEST:
                stream.seek(chunk.start)
                return stream.read(chunk.size)
    return b""


def _in_flac(path: Path) -> str:
    """The comment, where it can be a patch."""
    try:
        with soundfile.SoundFile(path) as file:
            text = file.comment
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise PatchError("this cannot be read as a FLAC file", file=path, mend="give a whole one") from error
    return text if text.startswith("{") and fits(text) else ""
