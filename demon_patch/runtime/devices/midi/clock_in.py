"""Follows the clock of another machine: its tempo, its beats, and where it starts, stops and goes on.

A quarter note has 24 clocks. A start goes back to the beginning, and the first clock after it is the first step. While
the other machine stands, its clocks give the tempo and no beats.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from demon_patch.runtime.devices.midi.decode import CLOCK, CONTINUE, POSITION, START, STOP
from demon_patch.runtime.devices.midi.line import Line

CLOCKS = 24  # of a quarter note
SIXTEENTH = 6  # clocks; song positions count sixteenths
WINDOW = 8.0  # seconds of clocks from which the tempo is computed
FIRST = 12  # clocks after which there is a tempo
RECENT = 12  # clocks that together tell that something has changed
MOVED = 0.004  # seconds that these are off the tempo before, at the mean, when it has changed, ...
NOISE = 2.0  # ... or this many times the jitter, if that is more
PAUSE = 0.5  # seconds without a clock after which clocks are counted from the beginning
SURE = 4.0  # deviations within which a new line says what the old one said
SMALLEST = 0.0005  # seconds of jitter that are counted at least
SETTLED = 192  # clocks after which the new line counts alone
LOST = 0.008  # seconds beyond 1.6 clocks after which a clock was lost, ...
SURELY = 7.0  # ... or this many times the jitter, if that is more
ENDED = 2.0  # seconds without a clock after which the clock has ended
SLOWEST, FASTEST = 20.0, 400.0  # beats a minute


@dataclass(frozen=True, slots=True)
class ClockEvents:
    """What some messages of a clock did.

    beats: the numbers of the quarter notes that began, from 0 at the start.
    starts: whether it runs from now on (True) or stands (False); None if that stays.
    seek: the quarter note to go to; None if it stays where it is.
    """

    beats: tuple[int, ...] = ()
    starts: bool | None = None
    seek: float | None = None


class ClockIn:
    """The clock of one device. Owned by one thread. Times are seconds of any clock that never goes back.

    offset: milliseconds by which its beats are taken to be later than its messages come; below 0 for earlier.
    running: whether it is between start and stop.
    """

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset
        self.running = False
        self._count = 0  # the number of the next clock, from 0 at the start
        self._line = Line()  # through the clocks: number since the first, and time
        self._fit: tuple[float, float, float] | None = None  # of the line, once there are enough
        self._before: tuple[float, float] | None = None  # step and jitter of the line before
        self._number = -1  # of the latest clock
        self._counted: tuple[int, int] = (0, 0)  # the latest clock while it runs: its number and its count

    def take(self, messages: Iterable[tuple[float, int, int]]) -> ClockEvents:
        """Takes messages in order (`Batch.clocks`), and returns what they did together."""
        beats: list[int] = []
        starts: bool | None = None
        seek: float | None = None
        for at, status, position in messages:
            if status == CLOCK:
                self._note(at + self.offset / 1e3)
                if self.running:
                    self._counted = (self._number, self._count)
                    if self._count % CLOCKS == 0:
                        beats.append(self._count // CLOCKS)
                    self._count += 1
            elif status == START:
                self._count, self.running, starts, seek = 0, True, True, 0.0
            elif status == CONTINUE:
                self.running, starts, seek = True, True, self._count / CLOCKS
            elif status == STOP:
                self.running = starts = False
            elif status == POSITION:
                self._count = position * SIXTEENTH
                seek = position / 4
        return ClockEvents(tuple(beats), starts, seek)

    def _note(self, at: float) -> None:
        """Notes a clock for the tempo."""
        passed, points = 1, self._line.points
        if points:
            gap = at - points[-1][1]
            if gap > PAUSE:
                self._line.keep(0)
                self._fit = self._before = None
            elif self._fit is not None and gap > 1.6 * self._fit[1] + max(LOST, SURELY * self._fit[2]):
                passed = max(round(gap / self._fit[1]), 1)
        self._number += passed
        self._line.add(self._number, at, WINDOW)
        if latest := self._moved():
            self._before = self._steady() or self._before
            self._line.keep(latest)
        self._fit = self._line.fit() if len(self._line.points) >= FIRST else None

    def _moved(self) -> int:
        """Returns how many of the latest clocks lie beside the line, where that tells that the tempo has changed, or
        that the clocks were held up; else 0."""
        points = self._line.points
        if self._fit is None or len(points) < 2 * RECENT:
            return 0
        zero, step, jitter = self._fit
        off = [at - zero - step * number for number, at in (points[-n] for n in range(1, RECENT + 1))]
        mean, least = sum(off) / RECENT, max(MOVED, NOISE * jitter)
        if abs(mean) <= least:
            return 0
        return max(next((n for n, each in enumerate(off) if each * mean <= 0 or abs(each) < least), RECENT), 1)

    def _steady(self) -> tuple[float, float] | None:
        """Returns the seconds of a clock and the jitter: of the line, or of the line before while the new one does not
        contradict it. Clocks that were held up move the line, and not the tempo."""
        if self._fit is None:
            return self._before
        step, jitter, count = self._fit[1], self._fit[2], len(self._line.points)
        if self._before is not None:
            old, spread = self._before
            unsure = SURE * max(jitter, spread, SMALLEST) * (12 / count**3) ** 0.5  # of a line through so many points
            if count < SETTLED and abs(step - old) < unsure:
                return self._before
            self._before = None
        return step, jitter

    @property
    def bpm(self) -> float | None:
        """Its tempo in beats a minute, 20 to 400; None before twelve clocks have come."""
        steady = self._steady()
        return None if steady is None else min(max(60.0 / (CLOCKS * steady[0]), SLOWEST), FASTEST)

    def beat(self, now: float) -> float | None:
        """Returns its place in quarter notes at a time, with the jitter of its clocks taken out; None while it does not
        run or has no tempo."""
        steady = self._steady()
        if steady is None or not self.running or not self._line.points:
            return None
        number, count = self._counted
        if self._fit is not None:
            return ((now - self._fit[0]) / self._fit[1] - number + count) / CLOCKS
        latest, at = self._line.points[-1]
        return ((now - at) / steady[0] + latest - number + count) / CLOCKS

    def is_lost(self, now: float) -> bool:
        """Whether no clock has come for some time."""
        return bool(self._line.points) and now - self._line.points[-1][1] > ENDED
