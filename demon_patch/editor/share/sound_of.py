"""Reads a sound file for a page: its bytes, its length and its outline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from demon_patch.editor.share.html_page import TYPES, Sound
from demon_patch.errors import PatchError
from demon_patch.patch.files import atomic_file

LARGEST = 128 * 2**20
"""The most bytes of a sound file that is put into a page."""
_PEAKS = 960


def sound_of(path: Path) -> Sound:
    """Returns a sound file for a page. Raises PatchError."""
    suffix = path.suffix.lower()
    if suffix not in TYPES:
        raise PatchError("this is no WAV or FLAC file", file=path, mend="name one that ends with .wav or .flac")
    content = atomic_file.read(path, LARGEST)
    if len(content) > LARGEST:
        raise PatchError(f"the sound is larger than {LARGEST // 2**20} MiB", file=path, mend="give a shorter one")
    try:
        with soundfile.SoundFile(path) as file:
            blocks = file.blocks(max(1, file.frames // _PEAKS), always_2d=True)
            peaks = [float(np.abs(block).max(initial=0.0)) for block in blocks]
            return Sound(content, TYPES[suffix], file.frames / file.samplerate, peaks)
    except (soundfile.LibsndfileError, RuntimeError):
        raise PatchError("it cannot be read as sound", file=path, mend="give a whole WAV or FLAC file") from None
