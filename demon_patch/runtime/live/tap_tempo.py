"""Finds the tempo of beats that a person taps, despite extra taps, missed taps, double clicks and pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

SLOWEST, FASTEST = 20.0, 300.0  # beats a minute
SPARE = 1.08  # factor by which a tapped tempo may be outside the range; it becomes the end of the range
BOUNCE = 0.15  # seconds within which a second tap is ignored
PAUSE = 2.5  # beats without a tap after which taps are counted from the beginning
KEPT = 8  # taps that count
FADE = 0.6  # factor on the weight of an interval for every later one
LOOSE, LOOSE_SECONDS = 0.08, 0.03  # how far an interval may be off the beat: the greater of a share and seconds
SWUNG = (1.15, 2.6)  # how much longer every second interval is than its neighbours, where taps swing
MOVED, MOVED_SECONDS = 0.04, 0.02  # how far two intervals must be off it, the same way, to be another tempo


class _Form(NamedTuple):
    """A way to read neighbouring intervals: `intervals` of them together last `beats` beats. A price above 0 counts as
    a mistake of the person."""

    intervals: int
    beats: int
    price: float


_FORMS = (_Form(1, 1, 0.0), _Form(2, 1, 1.0), _Form(2, 2, 1.0), _Form(1, 2, 1.5), _Form(3, 1, 2.0))
_STRAY = _Form(1, 0, 2.0)  # an interval that is ignored


class _Reading(NamedTuple):
    """Intervals, read at a tempo.

    price: of the mistakes in it.
    single: the intervals, in seconds, that are one beat each.
    """

    price: float
    single: tuple[float, ...] = ()


class TapTempo:
    """Finds the tempo that explains the latest taps with the fewest mistakes. Owned by its caller.

    A tap within 0.15 s of the one before is ignored. After a gap longer than 2.5 beats, or than a beat at 20 bpm,
    taps are counted from the beginning. Candidates for the beat are all intervals and all sums of neighbouring
    intervals; the one that explains the latest seven intervals best is the beat. Two intervals that together last
    one beat contain an extra tap; one that lasts two beats lacks a tap. The beat changes only once two intervals
    agree on another one. The tempo is the mean of the intervals that agree. Taps that swing (long, short, long,
    short) are read as even ones, at their mean.
    """

    def __init__(self) -> None:
        self._taps: list[float] = []
        self._beat = 0.0  # seconds; 0 while none is known

    def tap(self, seconds: float) -> float | None:
        """Takes a tap at a time in seconds that never goes back. Returns the tempo in beats a minute, 20 to 300, or
        None while there is none and for a tap that is ignored."""
        since = seconds - self._taps[-1] if self._taps else 0.0
        if self._taps and since < BOUNCE:
            return None
        slowest = 60.0 / SLOWEST * SPARE
        if since > min(PAUSE * self._beat, slowest) and (self._beat or since > slowest):
            self._taps, self._beat = [], 0.0
        self._taps = [*self._taps[1 - KEPT :], seconds]
        self._beat = self._found([later - earlier for earlier, later in pairwise(self._taps)])
        return None if self._beat <= 0 else min(max(60.0 / self._beat, SLOWEST), FASTEST)

    def _found(self, intervals: Sequence[float]) -> float:
        """Returns the beat in seconds that explains some intervals best, oldest first; 0 for none."""
        if swing := _swinging(intervals):
            return swing
        candidates = [beat for beat in _candidates(intervals) if beat >= 60.0 / FASTEST / SPARE]
        readings = {beat: _read(intervals, beat) for beat in candidates}
        trusted = [b for b in candidates if not self._beat or sum(_off(each, 1, b) <= 1 for each in intervals) > 1]
        if not trusted:
            return self._beat
        best = min(trusted, key=lambda beat: (round(readings[beat].price, 6), -len(readings[beat].single)))
        return _settled(readings[best].single) or best


def _swinging(intervals: Sequence[float]) -> float:
    """Returns the mean of the latest four intervals in seconds, if they are long and short in turn and two beats last
    the same wherever they begin; else 0."""
    last = intervals[-4:]
    if len(last) < 4:
        return 0.0
    pair = sum(last) / 2
    even, odd = (last[0] + last[2]) / 2, (last[1] + last[3]) / 2
    steady = all(_off(one, 1, mean) <= 0.6 for one, mean in zip(last, (even, odd, even, odd), strict=True))
    low, high = SWUNG
    return pair / 2 if steady and low <= max(even, odd) / min(even, odd) <= high else 0.0


def _candidates(intervals: Sequence[float]) -> Iterator[float]:
    """Gives the intervals, and sums of two and three neighbours, that may be the beat, in seconds, newest first."""
    newest = intervals[::-1]
    for count in (1, 2, 3):
        yield from (sum(newest[at : at + count]) for at in range(len(newest) - count + 1))


def _off(seconds: float, beats: int, beat: float) -> float:
    """Returns how far an interval in seconds is off a number of beats, each `beat` seconds long; 1 is the farthest that
    still counts."""
    return abs(seconds - beats * beat) / max(LOOSE * beats * beat, LOOSE_SECONDS)


def _read(intervals: Sequence[float], beat: float) -> _Reading:
    """Returns the reading of intervals with the lowest price, at a beat in seconds."""
    best = [_Reading(0.0)]
    for end in range(1, len(intervals) + 1):
        weight = FADE ** (len(intervals) - end)
        found: list[_Reading] = []
        for form in (*_FORMS, _STRAY):
            seconds = sum(intervals[end - form.intervals : end]) if form.intervals <= end else -1.0
            off = _off(seconds, form.beats, beat) if form.beats else 0.0
            if seconds >= 0 and off <= 1:
                before = best[end - form.intervals]
                single = (*before.single, seconds) if form is _FORMS[0] else before.single
                found.append(_Reading(before.price + weight * (form.price + off * off / 2), single))
        best.append(min(found, key=lambda reading: reading.price))
    return best[-1]


def _settled(beats: Sequence[float]) -> float:
    """Returns the mean of intervals of one beat each, in seconds; 0 for none. Where the last two or more are all
    longer, or all shorter, than the mean of those before, the tempo has moved, and only these count."""
    for at in range(1, len(beats) - 1):
        mean = sum(beats[:at]) / at
        least = max(MOVED * mean, MOVED_SECONDS)
        if all(each - mean > least for each in beats[at:]) or all(mean - each > least for each in beats[at:]):
            beats = beats[at:]
            break
    return sum(beats) / len(beats) if beats else 0.0
