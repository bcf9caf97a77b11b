"""Writes a stream of sound to a WAV or FLAC file that carries its patch, at a rate of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from demon_patch.errors import DemonError
from demon_patch.patch import embed

Samples = NDArray[np.float32]

FORMATS = {".wav": "WAV", ".flac": "FLAC"}


class Recorder:
    """An open sound file, 24 bits a sample, resampled as it is written; a context manager.

    source_rate: of the blocks. rate: of the file. patch: the text of the patch that the file carries, a FLAC file from
    its first sample on, a WAV file once it is closed. Raises DemonError for another kind of file than .wav or .flac,
    and where the file cannot be written; what was written until then stays.
    """

    def __init__(
        self, path: str | Path, source_rate: int, channels: int, rate: int = 48_000, *, patch: str = ""
    ) -> None:
        self.path, self._patch = Path(path), patch
        self._channels = channels
        kind = FORMATS.get(self.path.suffix.lower())
        if kind is None:
            raise self._error("cannot be written as sound")
        self._resample = soxr.ResampleStream(source_rate, rate, channels, dtype="float32")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = soundfile.SoundFile(self.path, "w", rate, channels, subtype="PCM_24", format=kind)
            if patch and kind == "FLAC" and embed.fits(patch):
                self._file.comment = patch
        except (OSError, soundfile.LibsndfileError) as error:
            raise self._error(f"cannot be written: {error}") from error

    def write(self, block: Samples) -> None:
        """Adds a block [n, channels]."""
        self._put(self._resample.resample_chunk(block))

    def close(self) -> None:
        """Writes what the resampler still holds, and ends the file."""
        try:
            self._put(self._resample.resample_chunk(np.zeros((0, self._channels), np.float32), last=True))
        finally:
            self._file.close()
        self._carry()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _carry(self) -> None:
        """Leaves the patch in the finished file, whose sound is whole with and without it."""
        try:
            if not embed.fits(self._patch):
                raise OSError(f"it takes more than {embed.LARGEST // 2**20} MiB")
            if self._patch and self._file.format == "WAV":
                embed.into_wav(self.path, self._patch)
        except OSError as error:
            what = f"the sound is whole, but carries no patch: {error.strerror or error}"
            raise DemonError(what, file=self.path, mend="save the patch beside it") from error

    def _put(self, sound: Samples) -> None:
        try:
            self._file.write(sound)
        except (OSError, soundfile.LibsndfileError) as error:
            raise self._error(f"cannot be written: {error}") from error

    def _error(self, what: str) -> DemonError:
        return DemonError(what, file=self.path, mend="name a .wav or .flac file in a folder with room for it")
