"""The memory of one song: its samples, the limiter's ceilings and the route along which it is played.

It is one mapped file, so that it outlives either process. The host writes all of it, the audio process reads it.
"""

from __future__ import annotations

from pathlib import Path

from demon_patch.arrays import Samples
from demon_patch.runtime.audio.mapped import MappedFile, header_of
from demon_patch.runtime.audio.timeline_memory import HELD, Ceilings
from demon_patch.runtime.graph.route import MAX_LEGS, Leg, Route


class SongMemory(MappedFile):
    """A song as both processes map it; silent at first.

    song: [samples, channels] float32 at `rate` Hz.
    ceilings: float32 dBFS of the safety limiter, one for each HELD samples of the song; 0 at first.
    """

    HEADER = header_of(
        b"dpsong",
        ("rate", "i8"),
        ("channels", "i8"),
        ("song", "i8"),
        ("route_sequence", "i8"),  # odd while the route is being written
        ("route_legs", "i8"),
        ("route", "i8", (MAX_LEGS, 4)),
    )

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.rate, self.channels = self.number("rate"), self.number("channels")
        samples = self.number("song")
        self.song: Samples = self._data[: samples * self.channels].reshape(samples, self.channels)
        self.ceilings: Ceilings = self._data[samples * self.channels :][: _blocks(samples)]
        self._legs = self._field["route"][0]

    @classmethod
    def create(cls, rate: int, channels: int, samples: int) -> SongMemory:
        """Creates the memory of a silent song of `samples` samples, played round and round. rate: Hz.

        From any thread; it takes the time of writing the memory once. Raises DemonError when there is no room for it.
        """
        numbers = samples * channels + _blocks(samples)
        memory = cls._create(numbers, "the song", rate=rate, channels=channels, song=samples)
        memory.set_route(Route.of_song(samples))
        return memory

    def set_route(self, route: Route) -> None:
        """By the host. Publishes a route, in samples of the song. Raises ValueError for a route of another length than
        the song."""
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
        return self.number("route_sequence")


def _blocks(samples: int) -> int:
    """Returns the number of ceilings for a number of samples: one for each HELD samples, rounded up."""
    return -(-samples // HELD)
