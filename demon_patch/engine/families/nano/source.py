"""Turns any audio file into a loop: decoded, mixed to mono, resampled, cut, joined end to start, repeated, levelled.

Only the part that is used is read, so an hour-long file costs no more than a minute. A clip begins where its file does:
times in the file are times in the loop. With a tempo, the loop lasts whole bars (`engine.sound.whole_bars`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.signal import resample

from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.sound import sound_file
from demon_patch.engine.sound.crossfade import join
from demon_patch.engine.sound.whole_bars import AT_HOME, BEATS_PER_BAR, MOST_CENTS, WholeBars, whole_bars

_QUANTUM = SPEC.quantum * SPEC.samples_per_frame
_STEP = _QUANTUM / SPEC.sample_rate
_LEAST, _MOST = SPEC.min_frames // SPEC.quantum, SPEC.max_frames // SPEC.quantum
_BEYOND_SECONDS = 0.05  # read beyond the longest loop: more than AT_HOME, by which a longer file is known as such
_JOIN_SECONDS = 0.01  # long enough not to click; a stroke that follows the cut is not heard at the start
_DECLICK_SECONDS = 0.005
_LOUDNESS, _SILENCE = 0.14, 1e-4  # rms
_TOLD_CENTS = 0.05  # by which a loop is resampled without a note to the player


class Loop(NamedTuple):
    """A loop that was read from a file.

    audio: mono float32 samples [T * 1280] at 32 kHz.
    notes: for the player.
    bpm: the tempo at which beats meet where the loop turns; None without a tempo.
    stretch: seconds of the loop per second of the file.
    """

    audio: np.ndarray
    notes: tuple[str, ...]
    bpm: float | None = None
    stretch: float = 1.0


def read_loop(path: Path, seconds: float | None = None, bpm: float | None = None) -> Loop:
    """Returns the first `seconds` of a file (8 to 60; by default 60) as a loop of 8 to 60 s.

    bpm: the file's tempo. With it, the loop consists of turns of whole bars. It lasts longer than `seconds` only where
    no whole bars fit without a change of pitch of more than 3 cents.

    The loop is levelled to an rms of 0.14, as far as its peaks allow. Shorter files keep their length, or are repeated
    up to 8 s. Raises SourceError where there is no sound to read.
    """
    wanted = SPEC.max_frames if seconds is None else SPEC.frames(seconds)
    limit = wanted * SPEC.samples_per_frame
    used = limit + int(_BEYOND_SECONDS * SPEC.sample_rate)
    sound = sound_file.read(path, used / SPEC.sample_rate, SPEC.sample_rate)
    audio = sound.audio[:used]
    plan = _planned(len(audio) / SPEC.sample_rate, wanted // SPEC.quantum, bpm)
    once = round(plan.seconds * SPEC.sample_rate)
    turn = _loop(audio, once)
    loop, total = np.tile(turn, plan.count), plan.length * _QUANTUM
    if len(loop) != total:
        loop = np.asarray(resample(loop.astype(np.float64), total), np.float32)
    said = _said(path.name, plan, sound.seconds, seconds is not None)
    return Loop(_levelled(loop), (*sound.notes, *said), plan.bpm, total / (plan.count * once))


def _planned(seconds: float, most: int, bpm: float | None) -> WholeBars:
    """Returns the loop for a file of `seconds`, of up to `most` steps of the grid, or more where whole bars need it."""
    plan = whole_bars(seconds, _STEP, _LEAST, most, bpm)
    if plan.length > most or abs(plan.cents(_STEP)) > MOST_CENTS:
        longer = whole_bars(min(seconds, plan.seconds), _STEP, _LEAST, _MOST, bpm)
        return longer if longer.length <= _MOST else plan
    return plan


def _said(name: str, plan: WholeBars, whole: float | None, asked: bool) -> tuple[str, ...]:
    """Returns notes for the player on a loop from a file of `whole` seconds (None where they are not known).

    asked: whether the player has named a length.
    """
    total = plan.length * _STEP
    cents = plan.cents(_STEP)
    longer = whole is None or whole > plan.seconds + AT_HOME
    if plan.beats and (longer or plan.count > 1 or abs(cents) > _TOLD_CENTS):
        said = f"{name}: {_bars(plan.beats)} at {plan.bpm:g} bpm"
        said += f", its first {plan.seconds:.4g} s" if longer else ""
        said += f", played {_times(plan.count)} to make {total:.4g} s" if plan.count > 1 else ""
        return (said + (f", resampled by {cents:+.1f} cents" if abs(cents) > _TOLD_CENTS else ""),)
    if plan.count > 1:
        lasts = plan.seconds if whole is None else min(whole, plan.seconds)
        return (f"{name} lasts only {lasts:.2f} s: it is repeated up to {total:.2f} s",)
    if asked or not longer or (whole is not None and whole <= _MOST * _STEP):
        return ()
    lasts = f"is longer than {total:.0f} s" if whole is None else f"lasts {_clock(whole)}"
    return (f"{name} {lasts}: its first {total:.0f} s are used",)


def _bars(beats: int) -> str:
    bars, rest = divmod(beats, BEATS_PER_BAR)
    what, count = ("beat", beats) if rest else ("bar", bars)
    return f"{count} {what}" + ("s" if count > 1 else "")


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min" if seconds >= 60 else f"{seconds:.1f} s"


def _levelled(loop: np.ndarray) -> np.ndarray:
    """Returns the loop at the loudness that the model was trained with, without clipping; almost silent loops are
    unchanged."""
    peak = float(np.abs(loop).max())
    rms = float(np.sqrt(np.square(loop, dtype=np.float64).mean()))
    return loop * np.float32(min(_LOUDNESS / rms, 0.98 / peak)) if rms > _SILENCE else loop


def _loop(audio: np.ndarray, length: int) -> np.ndarray:
    """Returns the first `length` samples, with a crossfade of 10 ms at the start, from the samples that follow them.

    Where fewer than 5 ms follow, the last 5 ms are bent, so that the end meets the start without a step.
    """
    loop = np.zeros(length, np.float32)
    loop[: min(length, len(audio))] = audio[:length]
    rest = audio[length : length + int(_JOIN_SECONDS * SPEC.sample_rate)]
    declick = int(_DECLICK_SECONDS * SPEC.sample_rate)
    if len(rest) >= declick:
        loop[: len(rest)] = join(rest[:, None], loop[: len(rest), None]).sound[:, 0]
    else:
        loop[-declick:] += np.linspace(0.0, 1.0, declick, dtype=np.float32) ** 2 * (loop[0] - loop[-1])
    return loop
