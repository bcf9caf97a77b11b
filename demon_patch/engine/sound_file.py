"""Audio files of any format: as much as is used of them, or one clear message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from demon_patch.errors import SourceError

_ESTIMATE = 0.95  # the length in an MP3 header may be an estimate
_ENDLESS = 0x7FFFF000
_MORE = 0.1  # seconds read beyond what is asked for, so that resampling has no edge there
_WHOLE = "give a whole audio file, for example WAV, FLAC, OGG or MP3"


@dataclass(frozen=True, slots=True)
class Sound:
    """The beginning of a file: float32 audio [samples, channels] at `rate` Hz, all finite, the seconds of the whole
    file, and notes for the player."""

    audio: NDArray[np.float32]
    rate: int
    seconds: float
    notes: tuple[str, ...] = ()


def read(path: Path, seconds: float) -> Sound:
    """The first `seconds` of a file and a tenth of a second more, or all there is; raises SourceError."""
    if not path.exists():
        raise SourceError("there is no such file", file=path, mend="check the path")
    if path.is_dir():
        raise SourceError("this is a folder, not an audio file", file=path, mend="name a file in it")
    if path.stat().st_size == 0:
        raise SourceError("the file is empty", file=path, mend=_WHOLE)
    try:
        with soundfile.SoundFile(path) as file:
            rate, frames = file.samplerate, file.frames
            _refuse_truncated(file.extra_info, path)
            if frames == 0:
                raise SourceError("the file holds no sound", file=path, mend=_WHOLE)
            needed = min(frames, int(np.ceil(seconds * rate)) + int(_MORE * rate))
            audio = np.asarray(file.read(needed, dtype="float32", always_2d=True), np.float32)
    except (soundfile.LibsndfileError, OSError, RuntimeError, TypeError) as error:
        reason = str(error).rsplit(": ", maxsplit=1)[-1].rstrip(".") or type(error).__name__
        raise SourceError(f"this cannot be read as audio: {reason}", file=path, mend=_WHOLE) from error
    if len(audio) < needed * _ESTIMATE:
        raise SourceError(f"the file is truncated: {len(audio)} of {needed} samples", file=path, mend=_WHOLE)
    if len(audio) == 0:
        raise SourceError("the file holds no sound", file=path, mend=_WHOLE)
    notes = ()
    broken = ~np.isfinite(audio)
    if broken.any():
        audio[broken] = 0.0
        notes = (f"{path.name} holds {int(broken.sum())} samples that are no numbers: they are silenced",)
    return Sound(audio, rate, frames / rate, notes)


def _refuse_truncated(log: str, path: Path) -> None:
    """Refuses a header that promises more sound than the file has (a size of all ones is a stream and promises none).

    `log` is what libsndfile says of the file; a cut Ogg file shows nothing there and plays as far as it goes.
    """
    length = re.search(r"^Length\s*:\s*(\d+)", log, re.MULTILINE)
    for promised in re.findall(r"^\s*(?:data|Data Size|SSND)\s*:\s*(\d+)", log, re.MULTILINE):
        if length and int(length[1]) < int(promised) < _ENDLESS:
            share = int(length[1]) / int(promised)
            raise SourceError(f"the file is truncated: {share:.0%} of its sound is there", file=path, mend=_WHOLE)
