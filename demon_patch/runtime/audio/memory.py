"""The memory that the host and the audio process share: a header, the song, and what was last played.

One mapped file, so that it outlives either process. Every field has one writer; fields of several words stand behind a
sequence number that is odd while they change, and a reader tries again until it is even and the same before and after.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demon_patch.errors import DemonError
from demon_patch.runtime.graph.route import MAX_LEGS, Leg, Route

Samples = NDArray[np.float32]

MAGIC, VERSION = b"dpaudio", 1
HISTORY_SECONDS = 120
SLACK_SECONDS = 1  # of history that may be overwritten while it is being read
PREFIX = "demon-patch-audio-"

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
        ("ceiling", "f8"),
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
"""Bytes before the song: a page for the header."""

CLOCK = time.perf_counter
"""The clock of both processes, in seconds: monotone, and the same in every process of a machine."""


class Memory:
    """The mapped file, seen from either side.

    song: [samples, channels] float32 at the family's rate, written by the host. Whoever ends last calls `remove`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        header = np.fromfile(path, HEADER, 1)
        if not len(header) or header["magic"][0] != MAGIC or header["version"][0] != VERSION:
            raise DemonError("this is not the memory of an audio process of this version", file=path)
        self.rate, self.channels, samples = (int(header[name][0]) for name in ("rate", "channels", "song"))
        whole = np.memmap(path, np.uint8, "r+").view(np.ndarray)
        fields = whole[: HEADER.itemsize].view(HEADER)
        self._field = {name: fields[name] for name in HEADER.names or ()}
        song_bytes = samples * self.channels * 4
        self.song: Samples = whole[SONG_AT : SONG_AT + song_bytes].view(np.float32).reshape(samples, self.channels)
        self._ring: Samples = whole[SONG_AT + song_bytes :].view(np.float32).reshape(-1, self.channels)
        self._legs = self._field["route"][0]
        self._clock = self._field["clock"][0]

    @classmethod
    def create(cls, rate: int, channels: int, samples: int) -> Memory:
        """New memory for a song of silence; in RAM where the system has a place for that.

        rate: Hz. Raises DemonError when there is no room for it.
        """
        header = np.zeros(1, HEADER)
        header["magic"], header["version"] = MAGIC, VERSION
        header["rate"], header["channels"], header["song"] = rate, channels, samples
        size = SONG_AT + 4 * channels * (samples + (HISTORY_SECONDS + SLACK_SECONDS) * rate)
        try:
            path = _reserve(Path("/dev/shm"), header.tobytes(), size)
        except OSError:
            try:
                path = _reserve(Path(tempfile.gettempdir()), header.tobytes(), size)
            except OSError as error:
                raise DemonError(f"no memory for the song: {error}", mend="free space for temporary files") from error
        memory = cls(path)
        memory.set_route(Route.whole(samples))
        return memory

    def remove(self) -> None:
        """Deletes the file; what is mapped stays valid until its process ends."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    # Written by the host.

    def set_route(self, route: Route) -> None:
        """Publishes a route in samples of the song. Raises ValueError for one of another length."""
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
        """The published route; either side may read it."""
        while True:
            before = self.route_sequence
            legs = self._legs[: int(self._field["route_legs"][0])].tolist()
            if before % 2 == 0 and before == self.route_sequence:
                return Route(len(self.song), tuple(Leg(*leg) for leg in legs))

    @property
    def route_sequence(self) -> int:
        """Changes whenever the route does."""
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
        """Whether silence comes out while the timeline runs; set by the host."""
        return bool(self._field["muted"][0])

    @muted.setter
    def muted(self, on: bool) -> None:
        self._field["muted"][0] = on

    @property
    def ceiling(self) -> float:
        """Of the safety limiter, dBFS; set by the host."""
        return float(self._field["ceiling"][0])

    @ceiling.setter
    def ceiling(self, decibels: float) -> None:
        self._field["ceiling"][0] = decibels

    # Written by the audio process.

    def set_clock(self, position: float, heard: float, speed: float) -> None:
        """Publishes that timeline `position` (samples) is heard at `heard` (s) and runs on at `speed` (samples/s).

        Called by the device's callback, and without a device by the process itself: never by both at once.
        """
        sequence = self._field["clock_sequence"]
        sequence[0] += 1
        clock = self._clock
        clock[0], clock[1], clock[2] = position, heard, speed
        sequence[0] += 1

    def clock(self) -> tuple[int, float, float, float]:
        """The last published clock: its number (0: none yet), position, time heard and speed."""
        sequence = self._field["clock_sequence"]
        while True:
            before = int(sequence[0])
            position, heard, speed = self._clock.tolist()
            if before % 2 == 0 and before == int(sequence[0]):
                return before // 2, position, heard, speed

    def present(self, now: float) -> float:
        """The timeline at the loudspeaker at `now` by the last published clock alone."""
        number, position, heard, speed = self.clock()
        return position + (now - heard) * speed if number else 0.0

    @property
    def frontier(self) -> int:
        """The timeline sample that is read from the song next: writing before it is too late."""
        return int(self._field["frontier"][0])

    @frontier.setter
    def frontier(self, position: int) -> None:
        self._field["frontier"][0] = position

    def count(self, name: str, more: int = 1) -> None:
        """Adds to a counter of the audio process: `xruns` or `starved`."""
        self._field[name][0] += more

    def counted(self, name: str) -> int:
        """A counter of the audio process."""
        return int(self._field[name][0])

    def append_history(self, block: Samples) -> None:
        """Adds a block [n, channels] of what is played to the ring."""
        written, size = int(self._field["history"][0]), len(self._ring)
        start = written % size
        first = min(len(block), size - start)
        self._ring[start : start + first] = block[:first]
        self._ring[: len(block) - first] = block[first:]
        self._field["history"][0] = written + len(block)

    def history_since(self, counter: int) -> tuple[Samples, int]:
        """What was played since `counter`, at most the last 120 s, and the counter to ask with next.

        The counter counts samples; where it rose by more than came back, the rest is gone.
        """
        until = int(self._field["history"][0])
        since = max(counter, until - HISTORY_SECONDS * self.rate, 0)
        return self._ring[np.arange(since, until) % len(self._ring)], until

    def history(self, seconds: float) -> Samples:
        """The last `seconds` that were played, as far as they are still held: [n, channels]."""
        until = int(self._field["history"][0])
        return self.history_since(until - round(seconds * self.rate))[0]


def _reserve(folder: Path, start: bytes, size: int) -> Path:
    """A new file of `size` bytes that begins with `start`, its room really there. Raises OSError without it."""
    handle, name = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    try:
        with os.fdopen(handle, "r+b") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
            file.write(start)
    except OSError:
        os.unlink(name)
        raise
    return Path(name)
