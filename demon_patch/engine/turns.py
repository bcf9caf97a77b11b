"""How long a loop is: whole bars, a whole number of a model's frames, and a tempo that fits what plays."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

BEATS_PER_BAR = 4
AT_HOME = 0.03  # s by which a file may miss a whole bar and still is a loop as it is
ON_GRID = 0.002  # s from the grid at which turns are not repeated any further
MOST_CENTS = 3.0  # by which a loop may be resampled to lie on the grid


@dataclass(frozen=True, slots=True)
class Turns:
    """seconds: of the file that make one turn. count: how often it is played in the loop. length: of the loop in grid
    steps, to which all turns are resampled together. bpm: the tempo at which beats come home with every turn."""

    seconds: float
    count: int
    length: int
    bpm: float | None

    def cents(self, step: float) -> float:
        """By how much resampling raises the pitch, on a grid of `step` seconds."""
        return 1200.0 * log2(self.count * self.seconds / (self.length * step))


def turns(seconds: float, step: float, least: int, most: int, bpm: float | None = None) -> Turns:
    """The loop that is made of the first `seconds` of a file.

    step: seconds of a grid step; least, most: steps of the shortest and the longest loop. Without a tempo the file is
    cut to the grid, and repeated where it is too short. With one, a file that ends within AT_HOME of a bar is one turn;
    any other is cut at its last whole bar. Turns are then repeated until they end within ON_GRID of the grid, or, where
    no number of them does, within MOST_CENTS of it.
    """
    one, beats = _one_turn(min(seconds, most * step), bpm)
    if bpm is None or not beats:
        length = min(max(int(one / step + 1e-6), 1), most)
        count = max(-(-least // length), 1)
        return Turns(length * step, count, length * count, bpm)
    fits = [_repeated(one, count, step, beats) for count in range(1, int(most * step / one + 1e-6) + 1)]
    long = [each for each in fits if each.length >= least] or [
        _repeated(one, -(-least // max(int(one / step), 1)), step, beats)
    ]
    on_grid = [each for each in long if abs(each.count * one - each.length * step) <= ON_GRID]
    close = [each for each in long if abs(each.cents(step)) <= MOST_CENTS]
    return (on_grid or close or [min(long, key=lambda each: abs(each.cents(step)))])[0]


def _one_turn(seconds: float, bpm: float | None) -> tuple[float, int]:
    """Seconds and beats of one turn; 0 beats where there is no whole bar."""
    if bpm is None:
        return seconds, 0
    bar = BEATS_PER_BAR * 60.0 / bpm
    bars = round(seconds / bar)
    if bars and abs(seconds - bars * bar) <= AT_HOME:
        return seconds, bars * BEATS_PER_BAR
    bars = int(seconds / bar)
    return (bars * bar, bars * BEATS_PER_BAR) if bars else (seconds, 0)


def _repeated(one: float, count: int, step: float, beats: int) -> Turns:
    length = max(round(one * count / step), 1)
    return Turns(one, count, length, beats * count * 60.0 / (length * step))
