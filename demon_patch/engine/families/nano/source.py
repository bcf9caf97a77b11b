"""Any audio file to a loop: decoded, mixed to mono, resampled, cut to whole quanta, joined end to start, levelled.

Only the part that is used is read, so an hour-long file costs no more than a minute.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import soundfile
import soxr

from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.errors import SourceError

_QUANTUM = SPEC.quantum * SPEC.samples_per_frame
_JOIN_SECONDS = 0.05
_DECLICK_SECONDS = 0.005
_LOUDNESS, _SILENCE = 0.14, 1e-4  # rms
_ESTIMATE = 0.95  # the length in an MP3 header may be an estimate
_ENDLESS = 0x7FFFF000
_WHOLE = "give a whole audio file, for example WAV, FLAC, OGG or MP3"


def read_loop(path: Path, seconds: float | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The first `seconds` (8 to 60; by default 60) of a file as a loop, float32 [T * 1280], and notes for the player.

    The loop is levelled to an rms of 0.14, as far as its peaks allow. Shorter files keep their length, or are repeated
    up to 8 s. Raises SourceError where there is no sound to read.
    """
    wanted = SPEC.max_frames if seconds is None else SPEC.frames(seconds)
    limit = wanted * SPEC.samples_per_frame
    audio, length, notes = _read(path, limit + int(_JOIN_SECONDS * SPEC.sample_rate))
    loop = _loop(audio, min(limit, max(len(audio) // _QUANTUM, 1) * _QUANTUM))
    if seconds is None and length > limit / SPEC.sample_rate:
        notes.append(f"{path.name} lasts {_clock(length)}: its first {wanted / SPEC.frame_rate:.0f} s are used")
    shortest = SPEC.min_frames * SPEC.samples_per_frame
    if len(loop) < shortest:
        loop = np.tile(loop, -(-shortest // len(loop)))
        total = len(loop) / SPEC.sample_rate
        notes.append(f"{path.name} lasts only {length:.2f} s: it is repeated up to {total:.2f} s")
    return _levelled(loop), tuple(notes)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min" if seconds >= 60 else f"{seconds:.1f} s"


def _read(path: Path, samples: int) -> tuple[np.ndarray, float, list[str]]:
    """The first `samples` at the family's rate (fewer where the file ends), the file's seconds, and notes."""
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
            needed = min(frames, int(np.ceil(samples * rate / SPEC.sample_rate)) + rate // 10)
            audio = file.read(needed, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError, TypeError) as error:
        reason = str(error).rsplit(": ", maxsplit=1)[-1].rstrip(".") or type(error).__name__
        raise SourceError(f"this cannot be read as audio: {reason}", file=path, mend=_WHOLE) from error
    if len(audio) < needed * _ESTIMATE:
        raise SourceError(f"the file is truncated: {len(audio)} of {needed} samples", file=path, mend=_WHOLE)
    if len(audio) == 0:
        raise SourceError("the file holds no sound", file=path, mend=_WHOLE)
    notes = []
    broken = ~np.isfinite(audio)
    if broken.any():
        audio[broken] = 0.0
        notes.append(f"{path.name} holds {int(broken.sum())} samples that are no numbers: they are silenced")
    mono = audio.mean(axis=1)
    if rate != SPEC.sample_rate:
        mono = soxr.resample(mono, rate, SPEC.sample_rate, quality="HQ")
    return mono[:samples].astype(np.float32), frames / rate, notes


def _refuse_truncated(log: str, path: Path) -> None:
    """Refuses a header that promises more sound than the file has (a size of all ones is a stream and promises none).

    `log` is what libsndfile says of the file; a cut Ogg file shows nothing there and plays as far as it goes.
    """
    length = re.search(r"^Length\s*:\s*(\d+)", log, re.MULTILINE)
    for promised in re.findall(r"^\s*(?:data|Data Size|SSND)\s*:\s*(\d+)", log, re.MULTILINE):
        if length and int(length[1]) < int(promised) < _ENDLESS:
            share = int(length[1]) / int(promised)
            raise SourceError(f"the file is truncated: {share:.0%} of its sound is there", file=path, mend=_WHOLE)


def _levelled(loop: np.ndarray) -> np.ndarray:
    """The loop at the loudness that the model knows, without clipping; what is next to silent stays so."""
    peak = float(np.abs(loop).max())
    rms = float(np.sqrt(np.square(loop, dtype=np.float64).mean()))
    return loop * np.float32(min(_LOUDNESS / rms, 0.98 / peak)) if rms > _SILENCE else loop


def _loop(audio: np.ndarray, length: int) -> np.ndarray:
    """The first `length` samples with what follows them faded into the start; without a rest, the step is bent away."""
    loop = np.zeros(length, np.float32)
    loop[: min(length, len(audio))] = audio[:length]
    rest = audio[length : length + int(_JOIN_SECONDS * SPEC.sample_rate)]
    declick = int(_DECLICK_SECONDS * SPEC.sample_rate)
    if len(rest) >= declick:
        angle = np.linspace(0.0, np.pi / 2, len(rest), dtype=np.float32)
        loop[: len(rest)] = loop[: len(rest)] * np.sin(angle) + rest * np.cos(angle)
    else:
        loop[-declick:] += np.linspace(0.0, 1.0, declick, dtype=np.float32) ** 2 * (loop[0] - loop[-1])
    return loop
