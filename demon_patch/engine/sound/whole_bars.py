"""Finds the length of a loop: whole bars, a whole number of a model's latent frames, and a tempo that fits."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

BEATS_PER_BAR = 4
AT_HOME = 0.03  # seconds by which a file may miss a whole bar and still be a loop without a cut
ON_GRID = 0.002  # seconds from the grid within which turns are not repeated further
MOST_CENTS = 3.0  # by which a loop may be resampled to lie on the grid
EPSILON = 1e-6  # of a step or a bar: for rounding


@dataclass(frozen=True, slots=True)
class WholeBars:
    """How a file becomes a loop: one turn of sound, repeated.

    seconds: of the file that make one turn.
    count: turns in the loop.
    length: of the loop in grid steps; all turns together are resampled to this length.
    bpm: the tempo at which beats meet where the loop turns; None without a tempo.
    beats: of one turn; 0 where it is not cut at a beat.
    """

    seconds: float
    count: int
    length: int
    bpm: float | None
    beats: int = 0

    def cents(self, step: float) -> float:
        """Returns by how many cents the resampling raises the pitch, on a grid of `step` seconds."""
        return 1200.0 * log2(self.count * self.seconds / (self.length * step))


def whole_bars(seconds: float, step: float, least: int, most: int, bpm: float | None = None) -> WholeBars:
    """Returns the loop for the first `seconds` of a file.

    step: seconds of a grid step.
    least, most: steps of the shortest and of the longest loop.
    bpm: the file's tempo, None where it has none.

    Without a tempo the file is cut to the grid, and a file that is too short is repeated (a silence is made a step
    long). With a tempo, a file that ends within AT_HOME of a bar is one turn; any other is cut at its last whole bar
    within `most`. Turns are repeated until they end within ON_GRID of the grid. Where no number of turns does, they end
    within MOST_CENTS of it, or else as near to it as possible.
    """
    one, beats = (seconds, 0) if bpm is None else _one_turn(seconds, most * step, bpm)
    if not beats and seconds >= least * step - EPSILON:
        length = min(int(seconds / step + EPSILON), most)
        return WholeBars(length * step, 1, length, bpm)
    one = max(one, step)
    fits = [_repeated(one, count, step, bpm, beats) for count in range(1, int((most + 0.5) * step / one) + 1)]
    long = [each for each in fits if least <= each.length <= most]
    long = long or [_repeated(one, max(-(-least // max(round(one / step), 1)), 1), step, bpm, beats)]
    on_grid = [each for each in long if abs(each.count * one - each.length * step) <= ON_GRID]
    close = [each for each in long if abs(each.cents(step)) <= MOST_CENTS]
    gentle = [each for each in on_grid if each in close]
    return (gentle or close or [min(long, key=lambda each: abs(each.cents(step)))])[0]


def _one_turn(seconds: float, most: float, bpm: float) -> tuple[float, int]:
    """Returns the seconds and the beats of one turn, of `most` seconds or hardly more; 0 beats where it holds no whole
    one.

    A file of less than a bar is a turn where it lasts whole beats.
    """
    beat = 60.0 / bpm
    bar = BEATS_PER_BAR * beat
    bars = round(seconds / bar)
    if seconds <= most + AT_HOME and bars and abs(seconds - bars * bar) <= AT_HOME:
        return seconds, bars * BEATS_PER_BAR
    bars = int(min(seconds, most) / bar + EPSILON)
    if bars:
        return bars * bar, bars * BEATS_PER_BAR
    beats = round(seconds / beat)
    return (seconds, beats) if seconds <= most and abs(seconds - beats * beat) <= AT_HOME else (seconds, 0)


def _repeated(one: float, count: int, step: float, bpm: float | None, beats: int) -> WholeBars:
    length = max(round(one * count / step), 1)
    return WholeBars(one, count, length, beats * count * 60.0 / (length * step) if beats else bpm, beats)
