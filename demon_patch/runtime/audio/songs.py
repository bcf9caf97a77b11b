"""Reads the timeline from the song that plays, and lets another song take over at a timeline sample by a crossfade."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.sound.crossfade import correlation, fade_gains
from demon_patch.engine.sound.limiter import LastGood
from demon_patch.runtime.audio import shared
from demon_patch.runtime.audio.reader import SongReader
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.timeline_memory import HELD, Ceilings, TimelineMemory

TAKEOVER_SECONDS = 0.02  # of crossfade from one song into the next
JUMP_SECONDS = 0.005  # of crossfade where the route jumps


@dataclass(slots=True)
class Takeover:
    """A song that takes over at the timeline sample `at`, or as soon as it can be where that has passed.

    number: of the song, counted from the first one, 0.
    settled: whether `at` is final, because reading has reached it.
    """

    song: SongMemory
    at: int
    number: int
    settled: bool = False

    def settle(self, n: int) -> int:
        """On the feeder's thread. Returns the timeline sample of the takeover, when `n` is the next one to be read."""
        if not self.settled and n >= self.at:
            self.at, self.settled = n, True
        return self.at


class Songs:
    """The song that plays and the one that waits to take over, in the audio process.

    `queue` is called by the main thread, `complete` by the feeder's thread.
    """

    def __init__(self, memory: TimelineMemory, playing: SongMemory, number: int = 0) -> None:
        self._memory = memory
        self.playing, self.number = playing, number
        self.next: Takeover | None = None
        self._over: list[Path] = []

    def queue(self, path: Path, at: int, number: int) -> None:
        """Lets the song of a file take over; passes over one that plays already. One that waits gets another sample,
        unless reading has reached its own. Raises DemonError or OSError for a file that is no song, ValueError for one
        of another rate or other channels."""
        if number <= self.number:
            return
        waiting = self.next
        if waiting is not None and waiting.number == number:
            if not waiting.settled:
                waiting.at = at
            return
        song = SongMemory(path)
        if (song.rate, song.channels) != (self.playing.rate, self.playing.channels):
            raise ValueError(f"a song of {song.rate} Hz and {song.channels} channels cannot take over")
        self.next = Takeover(song, at, number)

    def complete(self, takeover: Takeover) -> None:
        """Forgets the former song, when the crossfade into the next one is over, and tells the host."""
        self._over.append(self.playing.path)
        self.playing.release()
        self.playing, self.number = takeover.song, takeover.number
        if self.next is takeover:
            self.next = None
        self._memory.song = takeover.number

    def remove_over(self) -> None:
        """On the main thread, without a host. Deletes the files of songs that are over."""
        while self._over:
            shared.remove(self._over.pop())

    def remove(self) -> None:
        """On the main thread, at the end, without a host. Deletes the files of all songs."""
        self.remove_over()
        self.playing.remove()
        if (waiting := self.next) is not None:
            waiting.song.remove()


class _Voice:
    """A song as it is read; it follows the routes that the host publishes."""

    def __init__(self, song: SongMemory) -> None:
        self.song = song
        self._sequence = song.route_sequence
        self._reader = SongReader(song.song, song.route, round(JUMP_SECONDS * song.rate))

    def read(self, n0: int, n: int) -> Samples:
        if self.song.route_sequence != self._sequence:
            self._sequence = self.song.route_sequence
            self._reader.follow(self.song.route)
        return self._reader.read(n0, n)

    def peek(self, n0: int, n: int) -> Samples:
        """Returns what `read` would, without a crossfade at jumps, and changes nothing."""
        return LastGood(self.song.channels)(self.song.song[self._reader.positions(n0, n)])

    def ceilings(self, n0: int, n: int) -> Ceilings:
        return self.song.ceilings[self._reader.positions(n0, n) // HELD]


class TimelineReader:
    """Reads the sound of the timeline, block after block, on the feeder's thread."""

    def __init__(self, songs: Songs) -> None:
        self._songs = songs
        self._voice = _Voice(songs.playing)
        self._fade = round(TAKEOVER_SECONDS * songs.playing.rate)
        self._takeover: Takeover | None = None  # the one under way
        self._entering: _Voice | None = None
        self._leaving = self._gains = np.zeros(
            (0, 1), np.float32
        )  # of the crossfade: sound that leaves, gain that enters

    def read(self, n0: int, n: int) -> Samples:
        """Returns the sound at the timeline samples n0 to n0 + n - 1, [n, channels], finite."""
        takeover = self._songs.next if self._takeover is None else self._takeover
        if takeover is None:
            return self._voice.read(n0, n)
        at = takeover.settle(n0) if takeover.at <= n0 else takeover.at
        if n0 + n <= at:
            return self._voice.read(n0, n)
        before = self._voice.read(n0, at - n0) if n0 < at else np.zeros((0, self._voice.song.channels), np.float32)
        entering = self._entering or self._enter(takeover)
        sound = np.concatenate([before, entering.read(n0 + len(before), n - len(before))])
        first, last = max(at, n0), min(at + self._fade, n0 + n)
        if first < last:
            inside, of_fade = slice(first - n0, last - n0), slice(first - at, last - at)
            sound[inside] = sound[inside] * self._gains[of_fade] + self._leaving[of_fade]
        if n0 + n >= at + self._fade:
            self._voice, self._entering, self._takeover = entering, None, None
            self._leaving = self._leaving[:0]
            self._songs.complete(takeover)
        return sound

    def stand(self, n: int) -> None:
        """Called while the timeline stands at its sample `n`, and nothing sounds: a song whose sample has come, or
        whose crossfade is under way, takes over without it."""
        takeover = self._songs.next if self._takeover is None else self._takeover
        if takeover is None or takeover.at > n:
            return
        self._voice, self._entering, self._takeover = self._entering or _Voice(takeover.song), None, None
        self._leaving = self._leaving[:0]
        takeover.settle(n)
        self._songs.complete(takeover)

    def ceilings(self, n0: int, n: int) -> Ceilings:
        """Returns the limiter's ceilings at these timeline samples, dBFS [n]; during a takeover the lower of both
        songs'."""
        own = self._voice.ceilings(n0, n)
        return own if self._entering is None else np.minimum(own, self._entering.ceilings(n0, n))

    def _enter(self, takeover: Takeover) -> _Voice:
        """Prepares the crossfade of a takeover: the old sound times its falling gain, and the gain of the new one."""
        takeover.settled = True
        entering = _Voice(takeover.song)
        old = self._voice.read(takeover.at, self._fade)
        leaving, gains = fade_gains(self._fade, correlation(old, entering.peek(takeover.at, self._fade)))
        self._leaving, self._gains = old * leaving[:, None], gains[:, None]
        self._takeover, self._entering = takeover, entering
        return entering
