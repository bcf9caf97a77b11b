"""The memory that the host and the audio process share: a header, the song, and what was last played.

One mapped file, so that it outlives either process. Every field has one writer; fields of several words stand behind a
sequence number that is odd while they change, and a reader tries again until it is even and the same before and after.
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
"""Bytes before the song: a page for the header."""

HELD = 32
"""Samples of the song, or of the timeline, that share one ceiling of the limiter."""

CLOCK = time.perf_counter
"""The clock of both processes, in seconds: monotone, and the same in every process of a machine."""


class SongMemory:
    """The mapped file, seen from either side.

    song: [samples, channels] float32 at the family's rate, written by the host. ceilings: float32 dBFS, of the safety
    limiter, for each HELD samples of the song, written with it. The file counts as used while this lives. Whoever ends
    last calls `remove`. Raises DemonError for another kind of file, OSError for none.
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
        self._held_at = rest[ring:]  # the ceilings of the ring, by timeline
        self._legs = self._field["route"][0]
        self._clock = self._field["clock"][0]

    @classmethod
    def create(cls, rate: int, channels: int, samples: int) -> SongMemory:
        """New memory for a song of silence; in RAM where the system has a place for that.

        rate: Hz. Raises DemonError when there is no room for it.
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
        """Deletes the file; what is mapped stays valid until its process ends."""
        shared.remove(self.path)
        self._held.close()

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

    def position_at(self, now: float) -> float:
        """The timeline sample at the loudspeaker at the time `now`, in seconds of the audio process's clock; 0 before
        the first clock is published. It follows the latest clock alone, not smoothed as in `AudioLink.playhead`."""
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

    def counter(self, name: str) -> int:
        """A counter of the audio process."""
        return int(self._field[name][0])

    @property
    def history_end(self) -> int:
        """How far the history goes: the timeline sample that it ends before."""
        return int(self._field["history"][0])

    def append_history(self, block: Samples, at: int | None = None, ceilings: Ceilings | None = None) -> None:
        """Adds a block [n, channels] of what is played from timeline `at` on, or where the history ends, to the ring,
        as it is before the limiter; ceilings: dBFS [n], where it is limited.

        The history holds every sample of the timeline once: what is missing before `at` is silence, what is there
        already stays.
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
        """Adds silence to the history up to timeline `until`, where nothing was played. Called by the audio process,
        and by the host while there is none."""
        size = len(self._ring)
        missing = min(until - self.history_end, size)
        if missing > 0:
            self._ring[np.arange(until - missing, until) % size] = 0.0
            self._field["history"][0] = until

    def history_since(self, counter: int) -> tuple[Samples, int]:
        """What was played since `counter`, at most the last 120 s, and the counter to ask with next.

        The counter is the timeline's; where it rose by more than came back, the rest is gone.
        """
        until = self.history_end
        since = max(counter, until - HISTORY_SECONDS * self.rate, 0)
        return self._ring[np.arange(since, until) % len(self._ring)], until

    def history_ceilings(self, since: int, until: int) -> Ceilings:
        """The limiter's ceilings, dBFS [until - since], of what was played at timeline `since` to `until` - 1."""
        blocks = np.arange(since // HELD, -(-until // HELD))
        held = self._held_at[blocks % len(self._held_at)]
        return np.repeat(held, HELD)[since % HELD :][: until - since]

    def history(self, seconds: float) -> Samples:
        """The last `seconds` that were played, as far as they are still held: [n, channels]."""
        until = self.history_end
        return self.history_since(until - round(seconds * self.rate))[0]


def _blocks(samples: int) -> int:
    """How many blocks of HELD samples hold the ceilings of some samples."""
    return -(-samples // HELD)
