"""The host's side of the songs: what is written into the one that plays, and the ones that take over."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.controls import CONTROLS
from demon_patch.errors import DemonError
from demon_patch.runtime.audio.lay_window import Seam, lay, set_ceilings
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.timeline_memory import HELD
from demon_patch.runtime.graph.route import Route

CEILING = float(CONTROLS["limiter"].default or 0.0)  # dBFS, ceiling of the limiter where no window has set another


class HostSong:
    """A song in shared memory as the host writes it, silent at first.

    rate: Hz. samples: its length. Raises DemonError when there is no room for it.
    """

    def __init__(self, rate: int, channels: int, samples: int) -> None:
        self._memory = SongMemory.create(rate, channels, samples)
        self._memory.ceilings[:] = CEILING
        self.path = str(self._memory.path)

    @property
    def samples(self) -> int:
        """From any thread. Length of the song in samples."""
        return len(self._memory.song)

    def write(self, position: int, block: Samples) -> None:
        """On the tick thread. Writes a block [n, channels] over the song from song sample `position` on, cyclic,
        unfaded."""
        self._memory.song[(position + np.arange(len(block))) % self.samples] = block

    def lay(
        self, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None, ceiling: float = CEILING
    ) -> Seam:
        """On the tick thread. Writes a window into the song with crossfades, as `lay_window.lay`; returns the measures
        of its seam. ceiling: of the limiter over the window, dBFS."""
        end = self.samples if hi is None else hi
        set_ceilings(self._memory.ceilings, HELD, range(position, position + len(block) - 4 * half), ceiling, lo, end)
        return lay(self._memory.song, position, block, half, lo, hi)

    def read(self, position: int, n: int) -> Samples:
        """From any thread. Returns `n` samples of the song from song sample `position` on, cyclic: [n, channels]."""
        return self._memory.song[(position + np.arange(n)) % self.samples]

    @property
    def route(self) -> Route:
        """From any thread. The route that is played, in samples."""
        return self._memory.route

    def set_route(self, route: Route) -> None:
        """On the tick thread. Plays along another route, in samples, from the frontier on. A jump becomes a fade of 5
        ms."""
        self._memory.set_route(route)

    def remove(self) -> None:
        """On the tick thread. Gives the memory back; the song must not be used any more. A second call does nothing."""
        self._memory.remove()


class HostSongs:
    """The song that plays, and those that are prepared to take over. rate, channels: of all of them."""

    def __init__(self, rate: int, channels: int, samples: int) -> None:
        self._rate, self._channels = rate, channels
        self.playing, self.number = HostSong(rate, channels, samples), 0
        self._prepared: list[HostSong] = []
        self._next: tuple[HostSong, int] | None = None

    def prepare(self, samples: int) -> HostSong:
        """From any thread. Creates a song that may take over. Raises DemonError where there is no room."""
        song = HostSong(self._rate, self._channels, samples)
        self._prepared.append(song)
        return song

    def switch(self, song: HostSong, at: int) -> None:
        """Notes that a prepared song takes over at the timeline sample `at`. Raises DemonError while another one waits
        for that."""
        if self._next is not None:
            raise DemonError("another song takes over already", mend="wait until it plays")
        if song not in self._prepared:
            raise DemonError("this song is not prepared", mend="prepare it with next_song")
        self._next = (song, at)

    def move(self, at: int) -> None:
        """Notes another timeline sample at which the song that waits takes over."""
        if self._next is not None:
            self._next = (self._next[0], at)

    def drop(self, song: HostSong) -> None:
        """Gives back a prepared song that will not take over after all."""
        if song in self._prepared and (self._next is None or self._next[0] is not song):
            self._prepared.remove(song)
            song.remove()

    @property
    def next(self) -> tuple[str, int, int] | None:
        """Path, timeline sample and number of the song that takes over; None without one."""
        return None if self._next is None else (self._next[0].path, self._next[1], self.number + 1)

    def follow(self, number: int) -> None:
        """Notes the number of the song that the audio process plays, and gives the memory of the one before back."""
        if self._next is not None and number > self.number:
            over, (self.playing, _) = self.playing, self._next
            self._prepared.remove(self.playing)
            self.number, self._next = number, None
            over.remove()

    def remove(self) -> None:
        """Gives the memory of all songs back."""
        for song in (self.playing, *self._prepared):
            song.remove()
