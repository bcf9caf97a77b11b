"""Plays the timeline into nothing, paced by the clock: what plays while there is no sound card."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import numpy as np

from demon_patch.runtime.audio.feeder import Feeder
from demon_patch.runtime.audio.songs import Songs
from demon_patch.runtime.audio.timeline_memory import CLOCK, TimelineMemory
from demon_patch.threads import Urgency, hurry

RATE = 48_000  # Hz of the frames that nobody hears: as most cards have it, so that the levels are the same
PERIOD_SECONDS = 0.01  # between two beats
CATCH_UP_SECONDS = 20.0  # of the timeline that are still read after they have passed; what is older is left out
FASTEST = 4  # times as fast as the clock: the most that is read while it catches up
LONGEST_SECONDS = 0.25  # between two beats that count for this: at most a second of sound is read in one beat


class OwnClock:
    """An output without a device. It reads, converts and limits the song as a device does, at its due time, so that the
    history, the levels and the clock are those of a device without latency.

    It goes on where the history ends. The timeline follows the clock whatever happens: after a gap of at most
    CATCH_UP_SECONDS (a lost device, a killed or stopped process) all that passed is read for the history, at FASTEST
    times the usual speed; a longer gap is silence in the history.

    fault: what ended its thread.
    """

    def __init__(self, memory: TimelineMemory, songs: Songs, clock: Callable[[], float] = CLOCK) -> None:
        self._memory, self._songs, self._clock = memory, songs, clock
        self.fault: Exception | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._out = np.zeros((round(PERIOD_SECONDS * RATE), memory.channels), np.float32)
        self._beaten = clock()  # time of the last beat
        self._begin(self._beaten)

    def start(self) -> None:
        """Begins to beat on a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="own clock", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, and waits for that."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def read_until(self, position: float) -> int:
        """After `close`: reads on for the history up to a timeline sample; returns the sample that comes next."""
        return self._feeder.read_until(position)

    def beat(self, now: float) -> None:
        """On the clock's thread, or by hand without one. Plays the frames that are due at the time `now`, at most
        FASTEST times the time since the last beat."""
        if self._due(now) > CATCH_UP_SECONDS * RATE:
            self._begin(now)
        since, self._beaten = min(max(now - self._beaten, PERIOD_SECONDS), LONGEST_SECONDS), now
        for _ in range(round(FASTEST * since / PERIOD_SECONDS)):
            frames = min(self._due(now), len(self._out))
            if frames <= 0:
                return
            when = self._zero + self._feeder.fifo.taken / RATE
            self._feeder.fill(frames)
            position, runs = self._feeder.take(self._out[:frames])
            self._memory.set_clock(position, when, self._memory.rate if runs else 0.0)
            if not runs:  # there is nothing to catch up with
                self._zero = now - self._feeder.fifo.taken / RATE
                return

    def _run(self) -> None:
        hurry(Urgency.FEEDER)
        try:
            while not self._ended.wait(PERIOD_SECONDS):
                self.beat(self._clock())
        except Exception as error:  # the main thread raises it and ends the process
            self.fault = error

    def _begin(self, now: float) -> None:
        """Begins to play at the end of the history, or at the present timeline sample where that is too far away."""
        memory = self._memory
        here, start = memory.position_at(now), memory.history_end
        if abs(here - start) > CATCH_UP_SECONDS * memory.rate:
            start = math.floor(here)
            memory.hush(start)
        self._zero = now + (start - here) / memory.rate  # the time at which frame 0 is due
        self._feeder = Feeder(memory, self._songs, RATE, memory.channels, start)

    def _due(self, now: float) -> int:
        """Returns how many frames are due that were not played yet."""
        return math.floor((now - self._zero) * RATE) - self._feeder.fifo.taken
