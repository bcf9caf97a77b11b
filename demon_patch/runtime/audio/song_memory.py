"""The memory that the host and the audio process share: a header, the song, its ceilings, and the history of what was
played.

It is one mapped file, so that it outlives either process. Every field has one writer. Fields of several words have a
sequence number that is odd while they change; a reader reads them again until the number is even and the same before
and after.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Samples
from demon_patch.errors import DemonError
from demon_patch.runtime.audio import shared
from demon_patch.runtime.graph.route import MAX_LEGS, Leg, Route

Ceilings = NDArray[np.float32]

MAGIC = b"dpaudio"
HISTORY_SECONDS = 120
SLACK_SECONDS = 1  # of history that may be overwritten while it is being read

HEADER = np.dtype(
    [
        ("magic", "S8"),
        ("version", "i8"),
        ("rate", "i8"),
        ("channels", "i8"),
        ("song", "i8"),
        # written by the host
        ("route_sequence", "i8"),
        ("route_legs", "i8"),
        ("route", "i8", (MAX_LEGS, 4)),
        ("playing", "i8"),
        ("muted", "i8"),
        # written by the audio process
        ("clock_sequence", "i8"),
        ("clock", "f8", (3,)),
        ("frontier", "i8"),
        ("history", "i8"),
        ("xruns", "i8"),
        ("starved", "i8"),
    ]
)
SONG_AT = 4096
"""Offset of the song in the file, in bytes: a page for the header comes before it."""

HELD = 32
"""Samples of the song, or of the timeline, that share one ceiling of the limiter."""

CLOCK = time.perf_counter
"""The clock of both processes, in seconds: monotone, and the same in every process of a machine."""


class SongMemory:
    """The mapped file, as both processes use it.

    song: [samples, channels] float32 at the family's rate, written by the host.
    ceilings: float32 dBFS of the safety limiter, one for each HELD samples of the song, written by the host.

    The file counts as used while this object lives. The process that ends last calls `remove`. Raises DemonError for
    another kind of file, OSError where there is no file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held = shared.held(path)
        header = np.fromfile(self._held, HEADER, 1)
        if not len(header) or header["magic"][0] != MAGIC or header["version"][0] != shared.FORMAT:
            raise DemonError("this is not the memory of an audio process of this version", file=path)
        self.rate, self.channels, samples = (int(header[name][0]) for name in ("rate", "channels", "song"))
        whole = np.memmap(self._held, np.uint8, "r+").view(np.ndarray)
        fields = whole[: HEADER.itemsize].view(HEADER)
        self._field = {name: fields[name] for name in HEADER.names or ()}
        song_bytes = samples * self.channels * 4
        self.song: Samples = whole[SONG_AT : SONG_AT + song_bytes].view(np.float32).reshape(samples, self.channels)
        rest = whole[SONG_AT + song_bytes :].view(np.float32)
        self.ceilings, rest = np.split(rest, [_blocks(samples)])
        ring = (HISTORY_SECONDS + SLACK_SECONDS) * self.rate * self.channels
        self._ring: Samples = rest[:ring].reshape(-1, self.channels)
        self._held_at = rest[ring:]  # ceilings of the history, one for each HELD timeline samples
        self._legs = self._field["route"][0]
        self._clock = self._field["clock"][0]

    @classmethod
    def create(cls, rate: int, channels: int, samples: int) -> SongMemory:
        """Creates memory for a silent song of `samples` samples; in RAM where the system has a folder for that.

        rate: of the song, Hz.

        Raises DemonError when there is no room for it.
        """
        header = np.zeros(1, HEADER)
        header["magic"], header["version"] = MAGIC, shared.FORMAT
        header["rate"], header["channels"], header["song"] = rate, channels, samples
        ring = (HISTORY_SECONDS + SLACK_SECONDS) * rate
        size = SONG_AT + 4 * (channels * (samples + ring) + _blocks(samples) + _blocks(ring) + 1)
        why = "there is no folder for temporary files"
        for folder in shared.folders():
            try:
                with shared.made(folder, header.tobytes(), size) as file:
                    memory = cls(Path(str(file.name)))
            except (OSError, MemoryError) as error:
                why = str(error)
                continue
            memory.set_route(Route.of_song(samples))
            return memory
        raise DemonError(f"no memory for the song: {why}", mend="free space for temporary files")

    def remove(self) -> None:
        """Deletes the file. Memory that a process has mapped stays valid until that process ends."""
        shared.remove(self.path)
        self._held.close()

    # Written by the host.

    def set_route(self, route: Route) -> None:
        """Publishes a route, in samples of the song. Raises ValueError for a route of another length than the song."""
        if route.length != len(self.song):
            raise ValueError(f"a route of {route.length} samples for a song of {len(self.song)}")
        sequence = self._field["route_sequence"]
        sequence[0] += 1
        for row, leg in zip(self._legs, route.legs, strict=False):
            row[:] = leg.start, leg.position, leg.lo, leg.hi
        self._field["route_legs"][0] = len(route.legs)
        sequence[0] += 1

    @property
    def route(self) -> Route:
        """From both processes. The published route, in samples of the song."""
        while True:
            before = self.route_sequence
            legs = self._legs[: int(self._field["route_legs"][0])].tolist()
            if before % 2 == 0 and before == self.route_sequence:
                return Route(len(self.song), tuple(Leg(*leg) for leg in legs))

    @property
    def route_sequence(self) -> int:
        """A number that changes whenever the route changes; odd while it is being written."""
        return int(self._field["route_sequence"][0])

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

    # Written by the audio process.

    def set_clock(self, position: float, heard: float, speed: float) -> None:
        """Publishes that the timeline sample `position` is heard at the time `heard` (seconds of CLOCK) and that the
        timeline runs on at `speed` (samples a second, 0 while it stops).

        Called by the device's callback, and without a device by the main thread of the audio process: never by both at
        once.
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
        return int(self._field["frontier"][0])

    @frontier.setter
    def frontier(self, position: int) -> None:
        self._field["frontier"][0] = position

    def count(self, name: str, more: int = 1) -> None:
        """Adds to a counter of the audio process: `xruns` or `starved`."""
        self._field[name][0] += more

    def counter(self, name: str) -> int:
        """Returns a counter of the audio process: `xruns` or `starved`."""
        return int(self._field[name][0])

    @property
    def history_end(self) -> int:
        """The timeline sample after the last one in the history."""
        return int(self._field["history"][0])

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
        size = len(self._ring)
        missing = min(until - self.history_end, size)
        if missing > 0:
            self._ring[np.arange(until - missing, until) % size] = 0.0
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


def _blocks(samples: int) -> int:
    """Returns the number of ceilings for a number of samples: one for each HELD samples, rounded up."""
    return -(-samples // HELD)
