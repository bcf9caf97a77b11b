"""WAV files kept small: their samples as FLAC, all else as it is, and the very same bytes back."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import NamedTuple

import numpy as np
import soundfile

from demon_patch.errors import PatchError
from demon_patch.patch import riff

_FORM = struct.Struct("<2xHI6xH")  # of the chunk `fmt `: channels, rate, bits a sample
_PCM = {16: "PCM_16", 24: "PCM_24"}
_CHANNELS, _RATE = 8, 655_350  # the most that FLAC holds
_FAILURES = (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError, MemoryError, OverflowError)


class Squeezed(NamedTuple):
    """A WAV file in parts: the bytes before its samples, the samples as FLAC, the bytes after them."""

    head: bytes
    flac: bytes
    tail: bytes


def squeezed(wav: bytes) -> Squeezed | None:
    """The parts of a WAV file of 16 or 24 bits; None for any other file, and wherever FLAC is not exact or no smaller.

    What it gives has been read back: `restored` gives the same bytes. Samples that are floats stay as they are, because
    FLAC holds whole numbers only.
    """
    found = {chunk.name: chunk for chunk in riff.chunks(BytesIO(wav))}
    form, sound = found.get(b"fmt "), found.get(b"data")
    if form is None or sound is None or form.size < 16:
        return None
    channels, rate, bits = _FORM.unpack_from(wav, form.start)
    end = sound.start + sound.size
    if bits not in _PCM or not 1 <= channels <= _CHANNELS or not 1 <= rate <= _RATE:
        return None
    if sound.size % (channels * bits // 8):
        return None
    stream = BytesIO()
    samples = _numbers(wav[sound.start : end], bits).reshape(-1, channels)
    try:
        soundfile.write(stream, samples, rate, _PCM[bits], format="FLAC")
        parts = Squeezed(wav[: sound.start], stream.getvalue(), wav[end:])
        exact = restored(parts, len(wav)) == wav
    except (*_FAILURES, PatchError):
        return None
    return parts if exact and sum(map(len, parts)) < len(wav) else None


def restored(parts: Squeezed, size: int) -> bytes:
    """The WAV file of `size` bytes that was squeezed; raises PatchError, with memory in proportion to `size`."""
    missing = size - len(parts.head) - len(parts.tail)
    try:
        with soundfile.SoundFile(BytesIO(parts.flac)) as file:
            bits = next((bits for bits, name in _PCM.items() if name == file.subtype), 0)
            frames = missing // (file.channels * bits // 8) if bits else -1
            if file.format != "FLAC" or frames < 0:
                raise PatchError("a sound in it is not as it says", mend="get the file anew")
            samples = file.read(frames, dtype="int16" if bits == 16 else "int32", always_2d=True)
    except _FAILURES as error:
        raise PatchError("a sound in it cannot be read", mend="get the file anew") from error
    return parts.head + _bytes(samples, bits) + parts.tail


def _numbers(raw: bytes, bits: int) -> np.ndarray:
    """Little-endian samples as whole numbers; those of 24 bits in the upper bits of int32."""
    if bits == 16:
        return np.frombuffer(raw, "<i2")
    wide = np.zeros((len(raw) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
    return wide.view("<i4").ravel()


def _bytes(samples: np.ndarray, bits: int) -> bytes:
    if bits == 16:
        return samples.astype("<i2").tobytes()
    return samples.astype("<i4").reshape(-1, 1).view(np.uint8)[:, 1:].tobytes()
