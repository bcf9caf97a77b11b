"""Converts WAV files to smaller parts, with the samples as FLAC, and back to exactly the same bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

import numpy as np
import soundfile

from demon_patch.errors import PatchError
from demon_patch.patch.files import wav_chunks

BLOCK = 2**16  # samples of each channel that are coded or decoded at once

_FORM = struct.Struct("<2xHI6xH")  # of the chunk `fmt `: channels, rate, bits a sample
_PCM = {16: "PCM_16", 24: "PCM_24"}
_CHANNELS, _RATE = 8, 655_350  # the most that FLAC holds
_FAILURES = (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError, MemoryError, OverflowError)


class FlacParts(NamedTuple):
    """A WAV file in parts: the bytes before its samples, the samples as FLAC, the bytes after them."""

    head: bytes
    flac: bytes
    tail: bytes


def as_flac(wav: bytes) -> FlacParts | None:
    """Returns the parts of a WAV file of 16 or 24 bits. None for any other file, and if FLAC is not exact or not
    smaller.

    The parts have been checked: `wav_blocks` returns the same bytes. For float samples it returns None, because FLAC
    stores whole numbers only.
    """
    found = {chunk.name: chunk for chunk in wav_chunks.chunks(BytesIO(wav))}
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
    step = BLOCK * channels * bits // 8
    try:
        with soundfile.SoundFile(stream, "w", rate, channels, _PCM[bits], format="FLAC") as file:
            for at in range(sound.start, end, step):
                file.write(_numbers(wav[at : min(at + step, end)], bits).reshape(-1, channels))
        parts = FlacParts(wav[: sound.start], stream.getvalue(), wav[end:])
        at = 0
        for piece in wav_blocks(parts, len(wav)):
            if not wav.startswith(piece, at):
                return None
            at += len(piece)
    except (*_FAILURES, PatchError):
        return None
    return parts if at == len(wav) and sum(map(len, parts)) < len(wav) else None


def wav_blocks(parts: FlacParts, size: int) -> Iterator[bytes]:
    """Yields the bytes of the WAV file that `as_flac` took apart, a block of samples at a time; raises PatchError.

    size: bytes of the WAV file. No more samples are decoded than fit in it, and only a block is in memory at once.
    """
    missing = size - len(parts.head) - len(parts.tail)
    try:
        with soundfile.SoundFile(BytesIO(parts.flac)) as file:
            bits = next((bits for bits, name in _PCM.items() if name == file.subtype), 0)
            frames = missing // (file.channels * bits // 8) if bits else -1
            if file.format != "FLAC" or frames < 0:
                raise PatchError("a sound in it is not as it says", mend="get the file anew")
            yield parts.head
            while frames > 0:
                kind = "int16" if bits == 16 else "int32"
                samples = file.read(min(frames, BLOCK), dtype=kind, always_2d=True)
                if not len(samples):
                    break
                frames -= len(samples)
                yield _bytes(samples, bits)
    except _FAILURES as error:
        raise PatchError("a sound in it cannot be read", mend="get the file anew") from error
    yield parts.tail


def _numbers(raw: bytes, bits: int) -> np.ndarray:
    """Returns whole numbers from little-endian samples, one dimension: int16, or for 24 bits the upper 24 bits of
    int32."""
    if bits == 16:
        return np.frombuffer(raw, "<i2")
    wide = np.zeros((len(raw) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
    return wide.view("<i4").ravel()


def _bytes(samples: np.ndarray, bits: int) -> bytes:
    if bits == 16:
        return samples.astype("<i2").tobytes()
    return samples.astype("<i4").reshape(-1, 1).view(np.uint8)[:, 1:].tobytes()
