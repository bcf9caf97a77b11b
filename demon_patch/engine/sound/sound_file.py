"""Reads audio files of any format: the part of a file that is used, as one channel or two, or one clear error.

A file is decoded in blocks and mixed down while it is read, so that many channels, a very high rate or an hour of sound
need no more memory than a minute of one channel. The length in a header is never trusted (`containers`): what can be
decoded is read, and a note says where it differs from the header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from demon_patch import links
from demon_patch.engine.sound import ogg
from demon_patch.engine.sound.containers import Claim, View, claim_of
from demon_patch.engine.sound.mixdown import Listener, Mixdown
from demon_patch.errors import SourceError

FINEST = 96_000
"""Hz; a file of a higher rate is read at 48 kHz, unless another rate is asked for."""

RATES = (100, 1_000_000)
"""The lowest and highest sampling rate in Hz of files that are read."""

_MORE = 0.1  # seconds read beyond what is asked for, so that resampling has no edge there
_BLOCK = 2**18  # samples of all channels that are decoded at a time
_FRAMES = 4096  # samples a channel at most: a block that cannot be decoded to its end is lost
_LOUDEST = 1e6  # full scale is 1: beyond 120 dB above it nothing is sound
_WHOLE = "give a whole audio file, for example WAV, FLAC, OGG or MP3"

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sound:
    """The beginning of a file.

    audio: finite float32 samples at `rate` Hz: of one channel [samples], of two [samples, 2].
    seconds: of the whole file; None where they are not known.
    notes: for the player.
    """

    audio: Audio
    rate: int
    seconds: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out about the beginning of a file.

    wanted: the seconds that were asked for.
    rate: the file's own, in Hz.
    mix: how its channels are mixed.
    frames: number of decoded samples a channel.
    content: hash of the decoded samples, and of nothing else in the file.
    seconds: of the whole file; None where they are not known.
    notes: for the player.
    """

    path: Path
    wanted: float
    rate: int
    mix: Mixdown
    frames: int
    content: str
    seconds: float | None
    notes: tuple[str, ...]


def read(path: Path, seconds: float, rate: int | None = None, channels: int = 1) -> Sound:
    """Returns the first `seconds` of a file and a tenth of a second more, or all of it; raises SourceError.

    rate: of the result in Hz; by default the file's own, up to FINEST.
    channels: of the result, 1 or 2. Of two, a file with two channels that do not cancel each other keeps its own; any
        other is mixed to one, which both get.
    """
    return read_again(survey(path, seconds), rate, channels)


def read_again(known: Survey, rate: int | None = None, channels: int = 1) -> Sound:
    """Returns the sound of a surveyed file, as `read` does; it decodes the file once more."""
    target = rate or (known.rate if known.rate <= FINEST else FINEST // 2)
    decoded = _Decoder(known.path, known.wanted).blocks()
    blocks = (known.mix.mixed(block) if channels == 1 else _both(known.mix, block) for block in decoded)
    none = np.zeros(0 if channels == 1 else (0, channels), np.float32)
    if target == known.rate:
        parts = list(blocks)
    else:
        stream = soxr.ResampleStream(known.rate, target, channels, dtype="float32", quality="HQ")
        parts = [stream.resample_chunk(block) for block in blocks]
        parts.append(stream.resample_chunk(none, last=True))
    audio = np.concatenate(parts) if parts else none
    return Sound(audio.astype(np.float32, copy=False), target, known.seconds, known.notes)


def _both(mix: Mixdown, block: Audio) -> Audio:
    """Returns a block of a file as two channels, [samples, 2]: its own, unless they cancel each other."""
    return block if block.shape[1] == 2 and mix.weights is None else np.repeat(mix.mixed(block)[:, None], 2, 1)


def survey(path: Path, seconds: float) -> Survey:
    """Decodes the first `seconds` of a file and a tenth of a second more, and returns what was found out; raises
    SourceError."""
    decoder = _Decoder(path, seconds)
    digest, listener = hashlib.blake2b(digest_size=16), None
    for block in decoder.blocks():
        if listener is None:
            listener = Listener(decoder.rate, block.shape[1])
            digest.update(f"{decoder.rate} {block.shape[1]} ".encode())
        digest.update(block.astype("<f4").tobytes())
        listener.hear(block)
    if listener is None:
        raise SourceError(decoder.fault or "no sound can be decoded from it", file=path, mend=_WHOLE)
    mix = listener.mix()
    notes = [*decoder.notes()]
    if mix.note:
        notes.append(f"{path.name}: {mix.note}")
    frames = decoder.frames
    return Survey(path, seconds, decoder.rate, mix, frames, digest.hexdigest(), decoder.seconds(), tuple(notes))


class _Forward(soundfile.SoundFile):
    """A file that is read without using its length and without seeking back, for decoders that cannot seek."""

    def seekable(self) -> bool:
        return False


class _Decoder:
    """Decodes the beginning of a file once. Its findings are known after `blocks` has ended."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._wanted, self._claim = path, seconds, Claim()
        self.rate = self.frames = self._broken = self._promised = 0
        self._ended = False  # whether there is no more to decode
        self._failed = False  # whether that is so though the file goes on
        self._joined = False  # whether another file follows what was decoded
        self._cut_off = False  # whether it is an OGG file that was cut off
        self._difference = ""  # what the next file of joined ones has other than the first one

    @property
    def fault(self) -> str:
        """Returns what is missing in the file, where it cannot be decoded; else ""."""
        return self._claim.fault

    def blocks(self) -> Iterator[Audio]:
        """Yields the sound in blocks [samples, channels] of finite float32; raises SourceError."""
        path = self._path
        if wrong := links.broken(path):
            raise SourceError(f"this is {wrong}", file=path, mend=links.MEND)
        if not path.exists():
            raise SourceError("there is no such file", file=path, mend="check the path")
        if path.is_dir():
            raise SourceError("this is a folder, not an audio file", file=path, mend="name a file in it")
        if not path.is_file():
            raise SourceError("this is no ordinary file", file=path, mend=_WHOLE)
        if path.stat().st_size == 0:
            raise SourceError("the file is empty", file=path, mend=_WHOLE)
        try:
            with path.open("rb") as stream:
                self._claim = claim_of(stream)
                view = View(stream, self._claim)
                with _Forward(view) as file:  # pyright: ignore[reportArgumentType]
                    self.rate, self._promised, channels = file.samplerate, file.frames, file.channels
                    if not RATES[0] <= self.rate <= RATES[1]:
                        what = f"its sampling rate is {self.rate} Hz"
                        raise SourceError(what, file=path, mend=f"stay within {RATES[0]} to {RATES[1]} Hz")
                    yield from self._decoded(file, view)
                yield from self._joined_parts(stream, channels)
        except (soundfile.LibsndfileError, OSError, RuntimeError, TypeError, ValueError) as error:
            if not self.frames and (other := _other_kind(path)) is not None:
                raise SourceError(f"this is {other[0]}, not an audio file", file=path, mend=other[1]) from error
            reason = getattr(error, "strerror", None) or str(error).rsplit(": ", maxsplit=1)[-1].rstrip(".")
            reason = reason.replace("Format not recognised", "it is in no known format of sound")
            what = f"this cannot be read as audio: {self._claim.fault or reason or type(error).__name__}"
            raise SourceError(what, file=path, mend=_WHOLE) from error

    def _joined_parts(self, stream: BinaryIO, channels: int) -> Iterator[Audio]:
        """Yields blocks of the files that were joined to the end of an OGG file, as long as rate and channels are the
        same."""
        last = self._claim.start
        start = ogg.next_part(stream, last)
        while start is not None and self._ended and not self._failed:
            view = View(stream, Claim(start=start))
            try:
                with _Forward(view) as file:  # pyright: ignore[reportArgumentType]
                    if (file.samplerate, file.channels) != (self.rate, channels):
                        self._difference = f"{file.samplerate} Hz and {file.channels} channels"
                        return
                    self._ended = False
                    yield from self._decoded(file, view)
            except soundfile.LibsndfileError:
                self._failed = True
                return
            last, start = start, ogg.next_part(stream, start)
        self._joined = start is not None
        self._cut_off = self._ended and start is None and ogg.is_cut_off(stream, last)

    def _decoded(self, file: _Forward, view: View) -> Iterator[Audio]:
        needed = int(np.ceil(self._wanted * self.rate)) + int(_MORE * self.rate)
        size = max(min(_FRAMES, _BLOCK // file.channels), 1)
        while self.frames < needed:
            try:
                left = (self._claim.frames or 0) - self.frames  # what follows is perhaps no sound, and spoils a block
                most = min(size, left if left > 0 else size, needed - self.frames)
                block = file.read(most, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                if self.frames == 0:
                    raise
                self._ended, self._failed = True, not view.ended and self.frames != self._claim.frames
                return
            if len(block) == 0:
                self._ended = True
                return
            self.frames += len(block)
            sound = np.abs(block) <= _LOUDEST  # false for what is no number
            if not sound.all():
                self._broken += int(sound.size - sound.sum())
                block = np.where(sound, block, np.float32(0))
            yield np.asarray(block, np.float32)

    def seconds(self) -> float | None:
        """Returns the seconds of the whole file; None where the file goes on behind the decoded part and its length is
        not known."""
        read, claim = self.frames / self.rate, self._claim
        if self._ended:
            return read
        if self._joined:
            return None
        claimed = self._promised / self.rate
        if claim.frames is not None:
            claimed = claim.frames / self.rate if _can_decode_last(self._path, claim.frames) else 0.0
        elif claim.seconds is not None or (claim.prefix and not claim.unit):
            claimed = claim.seconds or 0.0
        return claimed if claimed >= read else None

    def notes(self) -> Iterator[str]:
        """Yields notes for the player."""
        name, claim = self._path.name, self._claim
        there = self.frames if claim.present is None and self._ended else claim.present
        if claim.promised is not None and there is not None and (there < claim.promised or claim.more):
            yield (
                f"{name}: its header promises {claim.promised} {claim.unit}, {there} are there: what is there is used"
            )
        elif claim.unit and claim.promised is None and self._ended:
            yield f"{name}: its header does not say how long it is; it holds {self.frames / self.rate:.2f} s"
        if self._failed:
            yield f"{name} cannot be decoded beyond {self.frames / self.rate:.2f} s: what comes before that is used"
        if self._cut_off:
            yield f"{name} is cut off after {self.frames / self.rate:.2f} s: what is there is used"
        if self._difference:
            end = f"{self.frames / self.rate:.2f} s"
            yield f"{name} goes on after {end} with {self._difference}, joined to its end: that is left out"
        if claim.rest:
            yield f"{name} holds {claim.rest}: only what comes before it is used"
        if self._broken:
            yield f"{name} holds {self._broken} samples that are no numbers: they are silenced"


def _other_kind(path: Path) -> tuple[str, str] | None:
    """Returns what a file is that holds no sound, and what to do about it, in words for a message: weights such as a
    LoRA, a patch or other JSON, a pack. None for a file of any other kind."""
    try:
        with path.open("rb") as stream:
            begin, size = stream.read(64), path.stat().st_size
    except OSError:
        return None
    if begin[8:9] == b"{" and int.from_bytes(begin[:8], "little") <= size - 8:  # how safetensors begin
        return "a LoRA or another file of weights", f"{_WHOLE}; a LoRA node plays a LoRA"
    if begin.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return "a patch or another JSON file", _WHOLE
    return ("a pack", f"{_WHOLE}; unpack takes the sounds out of a pack") if path.suffix == ".dpatch" else None


def _can_decode_last(path: Path, frames: int) -> bool:
    """Returns whether the last of `frames` samples a channel can be decoded."""
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(frames - 1)
            return frames > 0 and len(file.read(1)) == 1
    except (soundfile.LibsndfileError, OSError, RuntimeError, TypeError, ValueError):
        return False
