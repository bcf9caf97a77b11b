"""The tempo of beats that a person taps: robust against a tap too many, one missed, double clicks and pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

SLOWEST, FASTEST = 20.0, 300.0  # beats a minute
SPARE = 1.08  # by which a tapped tempo may lie outside, to be taken as the end of the range
BOUNCE = 0.15  # seconds within which a second tap is the same one, heard twice
PAUSE = 2.5  # beats after which tapping starts from its first tap again
KEPT = 8  # taps that count
FADE = 0.6  # of what an interval counts against a tempo, with every later one
LOOSE, LOOSE_SECONDS = 0.08, 0.03  # how far an interval may be off the beat: the greater of a share and seconds
SWUNG = (1.15, 2.6)  # how much longer every second interval is than its neighbours, where taps swing
MOVED, MOVED_SECONDS = 0.04, 0.02  # how far two intervals must be off it, the same way, to be another tempo


class _Form(NamedTuple):
    """So many intervals together last so many beats: a price above 0 is a mistake of the person."""

    intervals: int
    beats: int
    price: float


_FORMS = (_Form(1, 1, 0.0), _Form(2, 1, 1.0), _Form(2, 2, 1.0), _Form(1, 2, 1.5), _Form(3, 1, 2.0))
_STRAY = _Form(1, 0, 2.0)  # an interval that tells nothing


class _Reading(NamedTuple):
    """Intervals read at a tempo. price: of its mistakes; single: the intervals that are one beat each."""

    price: float
    single: tuple[float, ...] = ()


class TapTempo:
    """The latest taps, and the tempo that explains them with the fewest mistakes.

    A tap within 0.15 s of the one before is the same. A gap longer than 2.5 beats, or than a beat at 20 bpm, begins
    anew. Of all intervals, and sums of neighbours, the one is the beat that explains the latest seven best, where a
    pair that lasts one beat has a tap too many in it, one of two beats a tap missed; until two taps agree on another
    beat, the one before stays. The tempo is the mean of what agrees. Taps that swing, long, short, long, short, are
    taken for even ones, at their mean. Owned by its caller.
    """

    def __init__(self) -> None:
        self._taps: list[float] = []
        self._beat = 0.0  # seconds; 0 while none is known

    def tap(self, seconds: float) -> float | None:
        """A tap at a time that never goes back; the tempo in beats a minute, 20 to 300, or None while there is none."""
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
        """The beat in seconds that explains some intervals, oldest first; 0 for none."""
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
    """The mean of the latest intervals if they are long and short in turn, four at least, and two beats last the same
    wherever they begin; else 0."""
    last = intervals[-4:]
    if len(last) < 4:
        return 0.0
    pair = sum(last) / 2
    even, odd = (last[0] + last[2]) / 2, (last[1] + last[3]) / 2
    steady = all(_off(one, 1, mean) <= 0.6 for one, mean in zip(last, (even, odd, even, odd), strict=True))
    low, high = SWUNG
    return pair / 2 if steady and low <= max(even, odd) / min(even, odd) <= high else 0.0


def _candidates(intervals: Sequence[float]) -> Iterator[float]:
    """What could be the beat: the newest first."""
    newest = intervals[::-1]
    for count in (1, 2, 3):
        yield from (sum(newest[at : at + count]) for at in range(len(newest) - count + 1))


def _off(seconds: float, beats: int, beat: float) -> float:
    """How far some seconds are off some beats: 1 is the farthest that still counts."""
    return abs(seconds - beats * beat) / max(LOOSE * beats * beat, LOOSE_SECONDS)


def _read(intervals: Sequence[float], beat: float) -> _Reading:
    """The cheapest reading of intervals at a tempo."""
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
    """The mean of intervals of one beat each, or of the last ones alone where two or more are off all those before them
    the same way: a tempo that has moved. 0 for none."""
    for at in range(1, len(beats) - 1):
        mean = sum(beats[:at]) / at
        least = max(MOVED * mean, MOVED_SECONDS)
        if all(each - mean > least for each in beats[at:]) or all(mean - each > least for each in beats[at:]):
            beats = beats[at:]
            break
    return sum(beats) / len(beats) if beats else 0.0
