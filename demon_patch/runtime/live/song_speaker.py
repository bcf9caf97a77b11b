"""Plays one song of the audio process: that of the performance that is heard, or one that is prepared to take over."""

from __future__ import annotations

from math import ceil
from typing import Any

from demon_patch.arrays import Samples
from demon_patch.engine.contracts import FamilySpec
from demon_patch.runtime.audio.host_songs import CEILING, HostSong
from demon_patch.runtime.audio.lay_window import Seam
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.graph.route import Route
from demon_patch.runtime.live.conversion import Conversion


class SongSpeaker:
    """The `Speaker` of one performance. Its timeline counts from the performance's transport frame 0, in samples of the
    model; the audio process's counts in those that are played.

    Called from the performance's tick thread only, unless a method says otherwise.

    song: what is written into. spec: of the model.
    start: the sample of the audio process's timeline at which this one is at 0.
    heard: whether the song plays. Until then events, play and stop belong to the performance that does.
    """

    def __init__(self, link: AudioLink, song: HostSong, spec: FamilySpec, *, heard: bool, start: int = 0) -> None:
        self._link, self.song, self.heard, self.start = link, song, heard, start
        self._conversion, self._per = Conversion(spec, link.format), spec.samples_per_frame
        self._route = Route.of_song(song.samples)

    def begin_at(self, start: int) -> None:
        """Lets the timeline be at 0 at a sample of the audio process's timeline."""
        self.start = start
        self.song.set_route(self._route.shifted(start))

    def playhead(self) -> float:
        """From any thread. Returns the sample of the timeline at the loudspeaker; below 0 before the song plays."""
        return (self._link.playhead() - self.start) / float(self._conversion.ratio)

    @property
    def frame(self) -> float:
        """From any thread. The transport frame at the loudspeaker; see `playhead`."""
        return self.playhead() / self._per

    def sample_at(self, frame: int) -> int:
        """From any thread. Returns the sample of the audio process's timeline at a frame of the transport."""
        return self.start + self._conversion.place(frame * self._per)

    @property
    def frontier(self) -> int:
        """The first sample of the timeline that is not read yet."""
        return ceil((self._link.frontier - self.start) / self._conversion.ratio)

    def lay(
        self, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None, ceiling: float = CEILING
    ) -> Seam:
        """Lays a window into the song; see `HostSong.lay`."""
        place = self._conversion.place
        end = None if hi is None else place(hi)
        return self.song.lay(place(position), self._conversion.sound(block), place(half), place(lo), end, ceiling)

    def set_route(self, route: Route) -> None:
        """Sets which sample of the song sounds at which sample of the timeline."""
        self._route = route.scaled(self._conversion.ratio)
        self.song.set_route(self._route.shifted(self.start))

    def set_playing(self, on: bool) -> None:
        """Lets the timeline run, or stops it."""
        if self.heard:
            self._link.set_playing(on)

    def poll(self) -> list[dict[str, Any]]:
        """Returns the events of the audio process since the last call."""
        return self._link.poll() if self.heard else []
