"""Any audio file to a loop: decoded, mixed to mono, resampled, cut to whole quanta, joined end to start, levelled.

Only the part that is used is read, so an hour-long file costs no more than a minute. A clip begins where its file does:
times in the file are times in the loop.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demon_patch.engine import sound_file
from demon_patch.engine.families.nano.spec import SPEC

_QUANTUM = SPEC.quantum * SPEC.samples_per_frame
_JOIN_SECONDS = 0.05
_DECLICK_SECONDS = 0.005
_LOUDNESS, _SILENCE = 0.14, 1e-4  # rms


def read_loop(path: Path, seconds: float | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The first `seconds` (8 to 60; by default 60) of a file as a loop, float32 [T * 1280], and notes for the player.

    The loop is levelled to an rms of 0.14, as far as its peaks allow. Shorter files keep their length, or are repeated
    up to 8 s. Raises SourceError where there is no sound to read.
    """
    wanted = SPEC.max_frames if seconds is None else SPEC.frames(seconds)
    limit = wanted * SPEC.samples_per_frame
    used = limit + int(_JOIN_SECONDS * SPEC.sample_rate)
    sound = sound_file.read(path, used / SPEC.sample_rate, SPEC.sample_rate)
    notes = [*sound.notes]
    audio = sound.audio[:used]
    loop = _loop(audio, min(limit, max(len(audio) // _QUANTUM, 1) * _QUANTUM))
    whole = sound.seconds
    if seconds is None and (whole is None or whole > limit / SPEC.sample_rate):
        used_seconds = f"{wanted / SPEC.frame_rate:.0f} s"
        lasts = f"is longer than {used_seconds}" if whole is None else f"lasts {_clock(whole)}"
        notes.append(f"{path.name} {lasts}: its first {used_seconds} are used")
    shortest = SPEC.min_frames * SPEC.samples_per_frame
    if len(loop) < shortest:
        loop = np.tile(loop, -(-shortest // len(loop)))
        total = len(loop) / SPEC.sample_rate
        notes.append(
            f"{path.name} lasts only {len(audio) / SPEC.sample_rate:.2f} s: it is repeated up to {total:.2f} s"
        )
    return _levelled(loop), tuple(notes)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min" if seconds >= 60 else f"{seconds:.1f} s"


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
