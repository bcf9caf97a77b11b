"""Turns any audio file into a loop: decoded, mixed to the family's channels, resampled, cut, joined end to start,
repeated, levelled.

Only the part that is used is read, so an hour-long file costs no more than a minute. A clip begins where its file does:
times in the file are times in the loop. With a tempo, the loop lasts whole bars (`engine.sound.whole_bars`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.signal import resample

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.sound import sound_file
from demon_patch.engine.sound.clips import tempo_with_notes
from demon_patch.engine.sound.crossfade import join
from demon_patch.engine.sound.whole_bars import AT_HOME, BEATS_PER_BAR, MOST_CENTS, WholeBars, whole_bars

_BEYOND_SECONDS = 0.05  # read beyond the longest loop: more than AT_HOME, by which a longer file is known as such
_JOIN_SECONDS = 0.01  # long enough not to click; a stroke that follows the cut is not heard at the start
_DECLICK_SECONDS = 0.005
_SILENCE = 1e-4  # rms
_TOLD_CENTS = 0.05  # by which a loop is resampled without a note to the player


class Loop(NamedTuple):
    """A loop that was read from a file.

    audio: float32 samples, a whole number of the family's quanta long, at its sample rate: [samples] for a family with
        one channel, [samples, 2] for one with two.
    notes: for the player.
    bpm: the tempo at which beats meet where the loop turns; None without a tempo.
    stretch: seconds of the loop per second of the file.
    """

    audio: np.ndarray
    notes: tuple[str, ...]
    bpm: float | None = None
    stretch: float = 1.0


class Clip(NamedTuple):
    """A loop of a file, and what is known of it.

    audio: as `Loop` has it. title: the file's name. bpm: its tempo as a loop. downbeat: time of its first bar line as a
    loop, in seconds. notes: for the player.
    """

    audio: np.ndarray
    title: str
    bpm: float | None
    downbeat: float
    notes: tuple[str, ...]


class Grid(NamedTuple):
    """The lengths that a family can play.

    quantum: samples of a step of the grid. least, most: the shortest and the longest song, in steps.
    """

    rate: int
    quantum: int
    least: int
    most: int

    @classmethod
    def of(cls, spec: FamilySpec) -> Grid:
        """Returns the grid of a family."""
        quantum = spec.quantum * spec.samples_per_frame
        return cls(spec.sample_rate, quantum, spec.min_frames // spec.quantum, spec.max_frames // spec.quantum)

    @property
    def step(self) -> float:
        """Returns the seconds of a step."""
        return self.quantum / self.rate


def read_loop(
    spec: FamilySpec, path: Path, seconds: float | None = None, bpm: float | None = None, loudness: float | None = None
) -> Loop:
    """Returns the first `seconds` of a file (by default as much as the family can play) as a loop.

    bpm: the file's tempo. With it, the loop consists of turns of whole bars. It lasts longer than `seconds` only where
    no whole bars fit without a change of pitch of more than 3 cents.
    loudness: the rms to which the loop is levelled, as far as its peaks allow; None leaves it as it is.

    Shorter files keep their length, or are repeated up to the family's shortest song. Raises SourceError where there is
    no sound to read.
    """
    grid = Grid.of(spec)
    wanted = spec.max_frames if seconds is None else spec.frames(seconds)
    limit = wanted * spec.samples_per_frame
    used = limit + int(_BEYOND_SECONDS * grid.rate)
    sound = sound_file.read(path, used / grid.rate, grid.rate, spec.channels)
    audio = sound.audio[:used]
    plan = _planned(grid, len(audio) / grid.rate, wanted // spec.quantum, bpm)
    once = round(plan.seconds * grid.rate)
    turn = _loop(audio, once, grid.rate)
    loop, total = np.concatenate([turn] * plan.count), plan.length * grid.quantum
    if len(loop) != total:
        loop = np.asarray(resample(loop.astype(np.float64), total), np.float32)
    said = _said(grid, path.name, plan, sound.seconds, seconds is not None)
    levelled = loop if loudness is None else _levelled(loop, loudness)
    return Loop(levelled, (*sound.notes, *said), plan.bpm, total / (plan.count * once))


def read_clip(
    spec: FamilySpec,
    path: Path,
    seconds: float | None = None,
    bpm: float | None = None,
    downbeat: float | None = None,
    loudness: float | None = None,
) -> Clip:
    """Returns a file as a loop, as `read_loop` does, with its tempo and first bar line.

    bpm, downbeat: of the file, if a person gives them; otherwise the stored or the detected ones are taken.
    """
    tempo, told, _ = tempo_with_notes(path)
    loop = read_loop(spec, path, seconds, bpm or (tempo.bpm if tempo else None), loudness)
    first = downbeat if downbeat is not None else tempo.downbeat if tempo else 0.0
    return Clip(loop.audio, path.stem, loop.bpm, first * loop.stretch, (*loop.notes, *told))


def _planned(grid: Grid, seconds: float, most: int, bpm: float | None) -> WholeBars:
    """Returns the loop for a file of `seconds`, of up to `most` steps of the grid, or more where whole bars need it."""
    plan = whole_bars(seconds, grid.step, grid.least, most, bpm)
    if plan.length > most or abs(plan.cents(grid.step)) > MOST_CENTS:
        longer = whole_bars(min(seconds, plan.seconds), grid.step, grid.least, grid.most, bpm)
        return longer if longer.length <= grid.most else plan
    return plan


def _said(grid: Grid, name: str, plan: WholeBars, whole: float | None, asked: bool) -> tuple[str, ...]:
    """Returns notes for the player on a loop from a file of `whole` seconds (None where they are not known).

    asked: whether the player has named a length.
    """
    total = plan.length * grid.step
    cents = plan.cents(grid.step)
    longer = whole is None or whole > plan.seconds + AT_HOME
    if plan.beats and (longer or plan.count > 1 or abs(cents) > _TOLD_CENTS):
        said = f"{name}: {_bars(plan.beats)} at {plan.bpm:g} bpm"
        said += f", its first {plan.seconds:.4g} s" if longer else ""
        said += f", played {_times(plan.count)} to make {total:.4g} s" if plan.count > 1 else ""
        return (said + (f", resampled by {cents:+.1f} cents" if abs(cents) > _TOLD_CENTS else ""),)
    if plan.count > 1:
        lasts = plan.seconds if whole is None else min(whole, plan.seconds)
        return (f"{name} lasts only {lasts:.2f} s: it is repeated up to {total:.2f} s",)
    if asked or not longer or (whole is not None and whole <= grid.most * grid.step):
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


def _levelled(loop: np.ndarray, loudness: float) -> np.ndarray:
    """Returns the loop at an rms of `loudness`, without clipping; almost silent loops are unchanged."""
    peak = float(np.abs(loop).max())
    rms = float(np.sqrt(np.square(loop, dtype=np.float64).mean()))
    return loop * np.float32(min(loudness / rms, 0.98 / peak)) if rms > _SILENCE else loop


def _loop(audio: np.ndarray, length: int, rate: int) -> np.ndarray:
    """Returns the first `length` samples, with a crossfade of 10 ms at the start, from the samples that follow them.

    Where fewer than 5 ms follow, the last 5 ms are bent, so that the end meets the start without a step.
    """
    loop = np.zeros((length, *audio.shape[1:]), np.float32)
    loop[: min(length, len(audio))] = audio[:length]
    rest = audio[length : length + int(_JOIN_SECONDS * rate)]
    declick = int(_DECLICK_SECONDS * rate)
    if len(rest) >= declick:
        sides = (side.reshape(len(rest), -1) for side in (rest, loop[: len(rest)]))
        loop[: len(rest)] = join(*sides).sound.reshape(rest.shape)
    else:
        bend = np.linspace(0.0, 1.0, declick, dtype=np.float32) ** 2
        loop[-declick:] += bend.reshape(-1, *[1] * (loop.ndim - 1)) * (loop[0] - loop[-1])
    return loop
