"""Writes WAV and FLAC files, 24 bits a sample, that can be read at every moment while they grow.

Both kinds keep their headers current: a WAV file its sizes (RF64 beyond 4 GiB), a FLAC file the number of samples in
its STREAMINFO block. When the program is killed or the disk is full, other programs can read the file to its last whole
block.
"""

from __future__ import annotations

import os
from typing import Protocol

import numpy as np
import soundfile

from demon_patch.arrays import Samples
from demon_patch.patch.files import embed, wav_chunks
from demon_patch.runtime.assets.new_file import NewFile

BLOCK = 4096
"""Samples of each channel that are written at a time. Where a block does not fit on the disk, the file ends before
it."""

_FULL = 2.0**23
_TOTAL = 21  # where the number of samples stands in a FLAC file: the lower half of this byte, and four more
_INFO = 42  # bytes of a FLAC file up to its tags


class GrowingFile(Protocol):
    """A sound file that one thread is writing.

    frames: samples of each channel that are completely in the file.
    """

    frames: int

    def put(self, sound: Samples) -> None:
        """Adds finite sound [n, channels], -1 to 1. Raises OSError where it does not all fit."""
        ...

    def keep(self) -> None:
        """Updates the header, so that it counts all samples in the file. Raises OSError."""
        ...

    def end(self) -> None:
        """Writes the samples that are still held back, and the header. Raises OSError. Nothing can be added
        afterwards."""
        ...


class Wav:
    """A growing WAV file. text: the text of the patch that it carries."""

    def __init__(self, file: NewFile, rate: int, channels: int, text: str, kind: embed.Kind) -> None:
        self.frames, self._file = 0, file
        self._head = wav_chunks.WavHead(rate, channels, embed.patch_chunks(text, kind))
        head = self._head.bytes_for(0)
        self._tag = (head.index(embed.OPEN.encode()), bytes(len(embed.OPEN)))
        file.append(head)

    def put(self, sound: Samples) -> None:
        for at in range(0, len(sound), BLOCK):
            block = sound[at : at + BLOCK]
            whole = np.clip(np.rint(block.astype(np.float64) * _FULL), -_FULL, _FULL - 1).astype("<i4")
            self._file.append(whole.reshape(-1, 1).view(np.uint8)[:, :3].tobytes())
            self.frames += len(block)

    def keep(self) -> None:
        for at, data in reversed(self._head.changes(self.frames, self._file.size)):
            self._file.patch(at, data)

    def end(self) -> None:
        if self._file.size % 2:
            self._file.append(b"\0")
        self.keep()
        self._file.patch(*self._tag)


class Flac:
    """A growing FLAC file. text: the text of the patch that it carries.

    Raises LibsndfileError for a sample rate or number of channels that FLAC does not have.
    """

    def __init__(self, file: NewFile, rate: int, channels: int, text: str, kind: embed.Kind) -> None:
        self.frames, self._put = 0, 0
        self._sink = _Sink(file)
        self._flac = soundfile.SoundFile(
            self._sink,  # type: ignore[arg-type]
            "w",
            rate,
            channels,
            subtype="PCM_24",
            format="FLAC",
        )
        self._flac.software = embed.software(kind)
        if text:
            self._flac.comment = text

    def put(self, sound: Samples) -> None:
        self._flac.write(sound)
        self._put += len(sound)
        self._look()

    def keep(self) -> None:
        self._sink.total(self.frames)

    def end(self) -> None:
        self._flac.close()
        self._look()
        self.frames = self._put

    def _look(self) -> None:
        self.frames = self._sink.blocks * self._sink.block
        if self._sink.fault is not None:
            raise self._sink.fault.with_traceback(None)


class _Sink:
    """The file object that the FLAC encoder writes to. After an error it accepts and drops all bytes, because the
    encoder does not expect a full disk and has to end in order."""

    def __init__(self, file: NewFile) -> None:
        self.fault: OSError | None = None
        self.blocks, self.block = 0, BLOCK
        self._file, self._at, self._end, self._high = file, 0, 0, 0

    def write(self, data: bytes) -> int:
        if self.fault is None:
            try:
                self._write(data)
            except OSError as error:
                self.fault = error
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int) -> bytes:
        return b""

    def total(self, frames: int) -> None:
        """Writes the number of samples of each channel into the header; 0 means unknown."""
        if self._file.size >= _INFO:
            self._file.patch(_TOTAL, bytes([self._high | frames >> 32]) + (frames & 0xFFFFFFFF).to_bytes(4, "big"))

    def _write(self, data: bytes) -> None:
        """Writes bytes at the present offset and counts the blocks of sound.

        The encoder passes the mark at the start, each block of the header and each block of sound in one piece; at its
        end it overwrites the header.
        """
        if self._at < self._file.size:
            self._file.patch(self._at, data)
            return
        self._file.append(data)
        if self._file.size == _INFO:
            self.block = int.from_bytes(data[4:6], "big")
            self._high = data[_TOTAL - 4] & 0xF0
        elif self._at > _INFO and data[:2] == b"\xff\xf8":
            self.blocks += 1
