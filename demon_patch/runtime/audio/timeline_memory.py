"""The memory that host and audio process share beside the song: switches, the clock, the levels, and the history of
what was played.

It is one mapped file, so that it outlives either process and every song. Every field has one writer. Fields of several
words have a sequence number that is odd while they change; a reader reads them again until the number is even and the
same before and after.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Samples
from demon_patch.runtime.audio.mapped import MappedFile, header_of

Ceilings = NDArray[np.float32]

HISTORY_SECONDS = 120
SLACK_SECONDS = 1  # of history that may be overwritten while it is being read
SILENT_DB, LOUDEST_DB = -60.0, 12.0  # range of the master volume; its lower end is silence
LEVELS = 4096  # measures of the level that are kept: 20 s
LEVELS_SLACK = 64  # of these, the oldest, which may be overwritten while they are read

HELD = 32
"""Samples of the song, or of the timeline, that share one ceiling of the limiter."""

CLOCK = time.perf_counter
"""The clock of both processes, in seconds: monotone, and the same in every process of a machine."""


class Levels(NamedTuple):
    """The level of what is heard, after volume and limiter, by channel of the song.

    peak, rms: linear, [channels]; 1 is full scale.
    mark: what to ask with next.
    """

    peak: NDArray[np.float64]
    rms: NDArray[np.float64]
    mark: int


class TimelineMemory(MappedFile):
    """The switches, the clock and the history of a performance, as both processes map them.

    rate, channels: of the songs, the rate in Hz.
    """

    HEADER = header_of(
        b"dptimes",
        ("rate", "i8"),
        ("channels", "i8"),
        # written by the host
        ("playing", "i8"),
        ("muted", "i8"),
        ("volume", "f8"),
        # written by the audio process
        ("clock_sequence", "i8"),
        ("clock", "f8", (3,)),
        ("frontier", "i8"),
        ("history", "i8"),
        ("hushed", "i8"),
        ("levels", "i8"),
        ("song", "i8"),
        ("xruns", "i8"),
        ("starved", "i8"),
    )

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.rate, self.channels = self.number("rate"), self.number("channels")
        samples, blocks, _ = _sizes(self.rate)
        self._ring: Samples = self._data[: samples * self.channels].reshape(-1, self.channels)
        rest = self._data[samples * self.channels :]
        self._held_at: Ceilings = rest[:blocks]  # of the history, one for each HELD timeline samples
        self._levels = rest[blocks:].reshape(LEVELS, 2, self.channels)
        self._clock = self._field["clock"][0]

    @classmethod
    def create(cls, rate: int, channels: int) -> TimelineMemory:
        """Creates the memory of a performance at timeline 0. rate: of its songs, Hz. Raises DemonError when there is no
        room for it."""
        samples, blocks, levels = _sizes(rate)
        numbers = samples * channels + blocks + levels * channels
        return cls._create(numbers, "the last two minutes", rate=rate, channels=channels)

    # Written by the host.

    @property
    def playing(self) -> bool:
        """Whether the timeline runs; set by the host."""
        return bool(self._field["playing"][0])

    @playing.setter
    def playing(self, on: bool) -> None:
        self._field["playing"][0] = on

    @property
    def muted(self) -> bool:
        """Whether the sound is silenced while the timeline runs; set by the host."""
        return bool(self._field["muted"][0])

    @muted.setter
    def muted(self, on: bool) -> None:
        self._field["muted"][0] = on

    @property
    def volume(self) -> float:
        """The master volume in dB, 0 at first, silence at SILENT_DB; set by the host."""
        return float(self._field["volume"][0])

    @volume.setter
    def volume(self, decibels: float) -> None:
        self._field["volume"][0] = decibels

    @property
    def gain(self) -> float:
        """The master volume as a factor."""
        decibels = self.volume
        return 10.0 ** (decibels / 20.0) if decibels > SILENT_DB else 0.0

    # Written by the audio process.

    def set_clock(self, position: float, heard: float, speed: float) -> None:
        """Publishes that the timeline sample `position` is heard at the time `heard` (seconds of CLOCK) and that the
        timeline runs on at `speed` (samples a second, 0 while it stops).

        Called by the device's callback, and without a device by the thread of the own clock: never by both at once.
        """
        sequence = self._field["clock_sequence"]
        sequence[0] += 1
        clock = self._clock
        clock[0], clock[1], clock[2] = position, heard, speed
        sequence[0] += 1

    def clock(self) -> tuple[int, float, float, float]:
        """Returns the last published clock: its number (0 where none is published yet), timeline sample, time heard and
        speed."""
        sequence = self._field["clock_sequence"]
        while True:
            before = int(sequence[0])
            position, heard, speed = self._clock.tolist()
            if before % 2 == 0 and before == int(sequence[0]):
                return before // 2, position, heard, speed

    def position_at(self, now: float) -> float:
        """Returns the timeline sample at the loudspeaker at the time `now`, in seconds of CLOCK; 0 before the first
        clock is published. It follows the latest clock only, unlike the smoothed `AudioLink.playhead`."""
        number, position, heard, speed = self.clock()
        return position + (now - heard) * speed if number else 0.0

    @property
    def frontier(self) -> int:
        """The timeline sample that the audio process reads from the song next. Sound written before it is not heard."""
        return self.number("frontier")

    @frontier.setter
    def frontier(self, position: int) -> None:
        self._field["frontier"][0] = position

    @property
    def song(self) -> int:
        """The number of the song that is played: how many took over before it. Set by the audio process when the fade
        into a song is over."""
        return self.number("song")

    @song.setter
    def song(self, number: int) -> None:
        self._field["song"][0] = number

    def count(self, name: str, more: int = 1) -> None:
        """Adds to a counter of the audio process: `xruns` or `starved`."""
        self._field[name][0] += more

    def counter(self, name: str) -> int:
        """Returns a counter of the audio process: `xruns` or `starved`."""
        return self.number(name)

    def add_levels(self, frames: Samples) -> None:
        """Adds a measure of the level of frames [n, channels] that will be heard."""
        if not len(frames):
            return
        count = self.number("levels")
        entry = self._levels[count % LEVELS]
        entry[0], entry[1] = np.abs(frames).max(axis=0), np.mean(np.square(frames), axis=0)
        self._field["levels"][0] = count + 1

    def levels_since(self, mark: int) -> Levels:
        """From both processes. Returns the level of all that was measured after `mark` (0: from the start), at most the
        last 20 s; 0 where nothing was measured. Each reader keeps a mark of its own."""
        count = self.number("levels")
        first = max(mark, count - LEVELS + LEVELS_SLACK, 0)
        found = self._levels[np.arange(first, count) % LEVELS].astype(np.float64)
        if not len(found):
            silent = np.zeros(self.channels)
            return Levels(silent, silent, count)
        return Levels(found[:, 0].max(axis=0), np.sqrt(found[:, 1].mean(axis=0)), count)

    @property
    def history_end(self) -> int:
        """The timeline sample after the last one in the history."""
        return self.number("history")

    @property
    def hushed(self) -> int:
        """How many timeline samples of the history are silence because nothing was played there."""
        return self.number("hushed")

    def append_history(self, block: Samples, at: int | None = None, ceilings: Ceilings | None = None) -> None:
        """Adds a block [n, channels] of played sound, as it is before the limiter, to the history.

        at: timeline sample of the block's first sample; by default the end of the history.
        ceilings: of the limiter, dBFS [n], where it is limited.

        The history holds every timeline sample once: missing samples before `at` become silence, samples that it has
        already are not replaced.
        """
        if at is not None:
            self.hush(at)
            known = max(self.history_end - at, 0)
            block, ceilings = block[known:], None if ceilings is None else ceilings[known:]
        written, size = self.history_end, len(self._ring)
        if ceilings is not None:
            self._held_at[np.arange(written, written + len(block)) // HELD % len(self._held_at)] = ceilings
        start = written % size
        first = min(len(block), size - start)
        self._ring[start : start + first] = block[:first]
        self._ring[: len(block) - first] = block[first:]
        self._field["history"][0] = written + len(block)

    def hush(self, until: int) -> None:
        """Adds silence to the history up to the timeline sample `until` (exclusive), where nothing was played. Called
        by the audio process, and by the host while there is no such process."""
        size, missing = len(self._ring), until - self.history_end
        if missing > 0:
            self._ring[np.arange(until - min(missing, size), until) % size] = 0.0
            self._field["hushed"][0] += missing
            self._field["history"][0] = until

    def history_since(self, counter: int) -> tuple[Samples, int]:
        """Returns the sound played from the timeline sample `counter` on, [n, channels], at most the last 120 s, and
        the timeline sample to ask with next.

        Where that next number minus `counter` is more than n, the samples in between are held no more.
        """
        until = self.history_end
        since = max(counter, until - HISTORY_SECONDS * self.rate, 0)
        return self._ring[np.arange(since, until) % len(self._ring)], until

    def history_ceilings(self, since: int, until: int) -> Ceilings:
        """Returns the limiter's ceilings, dBFS [until - since], of the sound played at the timeline samples `since` to
        `until` - 1."""
        blocks = np.arange(since // HELD, -(-until // HELD))
        held = self._held_at[blocks % len(self._held_at)]
        return np.repeat(held, HELD)[since % HELD :][: until - since]

    def history(self, seconds: float) -> Samples:
        """Returns the last `seconds` of played sound, at most 120 s: [n, channels]."""
        until = self.history_end
        return self.history_since(until - round(seconds * self.rate))[0]


def _sizes(rate: int) -> tuple[int, int, int]:
    """Returns the sizes of the history in samples, of its ceilings, and of the levels in numbers a channel."""
    samples = (HISTORY_SECONDS + SLACK_SECONDS) * rate
    return samples, -(-samples // HELD) + 1, 2 * LEVELS
