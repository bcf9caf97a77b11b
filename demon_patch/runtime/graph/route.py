"""Maps the timeline to song positions: playing on, seeking and looping, in integer arithmetic.

The *timeline* counts what has been played since the start and never jumps back. The *song position* wraps, loops and
seeks. One unit holds for a whole route: samples, latent frames or control frames; `scaled` converts to a finer unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

MAX_LEGS = 16


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of the timeline that begins with a jump or a new loop region: at timeline `start` the song is at
    `position`, and the loop region is [lo, hi).

    A position before hi runs on to hi (so one before lo plays up to the region first). A position at or past hi runs on
    to the end of the song. From there the song goes to lo and stays inside the region.
    """

    start: int
    position: int
    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Route:
    """The map from timeline to song position, as 1 to 16 legs in order of their starts.

    length: length of the song, in the unit of the route.
    Before the first leg the whole song runs round so that it arrives at that leg's position. Raises ValueError for legs
    out of order or out of the song, for none, and for more than 16.
    """

    length: int
    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.legs) <= MAX_LEGS:
            raise ValueError(f"a route has 1 to {MAX_LEGS} legs, not {len(self.legs)}")
        for leg in self.legs:
            if not (0 <= leg.lo < leg.hi <= self.length and 0 <= leg.position < self.length):
                raise ValueError(f"{leg} is not inside a song of length {self.length}")
        starts = [leg.start for leg in self.legs]
        if any(a >= b for a, b in pairwise(starts)):
            raise ValueError(f"the legs' starts {starts} do not rise")

    @classmethod
    def of_song(cls, length: int, position: int = 0, start: int = 0) -> Route:
        """Returns a route that repeats the whole song, and is at `position` when the timeline is at `start`."""
        return cls(length, (Leg(start, position, 0, length),))

    def position_at(self, n: int) -> int:
        """Returns the song position at timeline n."""
        leg = self.leg_at(n)
        run, end = leg.position + n - leg.start, leg.hi if leg.position < leg.hi else self.length
        if n < leg.start:
            return run % self.length
        return run if run < end else leg.lo + (run - end) % (leg.hi - leg.lo)

    def positions(self, n0: int, n: int) -> NDArray[np.int64]:
        """Returns the song positions [n] at timeline n0 to n0 + n - 1."""
        out, begin = np.empty(n, np.int64), n0
        for leg, end in zip(self.legs, [*(leg.start for leg in self.legs[1:]), n0 + n], strict=True):
            stop = min(end, n0 + n)
            if begin < stop:
                out[begin - n0 : stop - n0] = self._along(leg, np.arange(begin, stop, dtype=np.int64))
                begin = stop
        return out

    def leg_at(self, n: int) -> Leg:
        """Returns the leg that counts at timeline n; before the first leg, the first."""
        return next((leg for leg in reversed(self.legs) if leg.start <= n), self.legs[0])

    def seek(self, at: int, position: int) -> Route:
        """Returns a route that is at song position `position` at timeline `at` and runs on from there, with the loop
        region that counts at `at`. Legs that start at `at` or later are dropped."""
        leg = self.leg_at(at)
        return self._then(Leg(at, position, leg.lo, leg.hi))

    def loop(self, at: int, lo: int, hi: int) -> Route:
        """Returns a route whose loop region is [lo, hi) from timeline `at` on; the song runs on without a jump. Legs
        that start at `at` or later are dropped. The region (0, length) ends a loop."""
        return self._then(Leg(at, self.position_at(at), lo, hi))

    def trimmed(self, before: int) -> Route:
        """Returns a route that is equal from timeline `before` on, without the legs that are over there."""
        return replace(self, legs=self.legs[self.legs.index(self.leg_at(before)) :])

    def shifted(self, by: int) -> Route:
        """Returns the same route on a timeline that counts `by` more at every place."""
        return replace(self, legs=tuple(replace(leg, start=leg.start + by) for leg in self.legs))

    def scaled(self, factor: int | Fraction) -> Route:
        """Returns the same route in units `factor` times finer, as from latent frames to samples. It is exact at every
        frame. A fraction has to give whole numbers."""

        def scaled(leg: Leg) -> Leg:
            return Leg(*(int(each * factor) for each in (leg.start, leg.position, leg.lo, leg.hi)))

        return Route(int(self.length * factor), tuple(map(scaled, self.legs)))

    def jumps(self, n0: int, n: int) -> list[int]:
        """Returns the timeline places in [n0, n0 + n) at which the song position jumps: a leg starts elsewhere than the
        leg before it has arrived."""
        return [
            leg.start
            for old, leg in pairwise(self.legs)
            if n0 <= leg.start < n0 + n and int(self._along(old, np.asarray(leg.start, np.int64))) != leg.position
        ]

    def cut_at(self, n: int) -> Route:
        """Returns the route without the legs that start at timeline n or later; the first leg always stays."""
        return replace(self, legs=tuple(leg for leg in self.legs if leg.start < n) or self.legs[:1])

    def _then(self, leg: Leg) -> Route:
        return replace(self, legs=(*(old for old in self.legs if old.start < leg.start), leg))

    def _along(self, leg: Leg, timeline: NDArray[np.int64]) -> NDArray[np.int64]:
        run = leg.position + timeline - leg.start
        end = leg.hi if leg.position < leg.hi else self.length
        looped = leg.lo + (run - end) % (leg.hi - leg.lo)
        return np.where(timeline < leg.start, run % self.length, np.where(run < end, run, looped))
