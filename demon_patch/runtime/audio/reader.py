"""Reads the song along the route; a jump of the route becomes a short crossfade."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Samples
from demon_patch.engine.sound.crossfade import correlation, fade_gains
from demon_patch.engine.sound.limiter import LastGood
from demon_patch.runtime.graph.route import Route


class SongReader:
    """Reads the sound of the timeline, block after block, from a song that another process may be writing.

    song: [samples, channels].
    fade: samples after a jump over which the sound before the jump fades into the sound after it.

    A route that is replaced after its jump has passed jumps at the start of the next block.
    """

    def __init__(self, song: Samples, route: Route, fade: int) -> None:
        self._song, self._route, self._fade = song, route, fade
        self._good = LastGood(song.shape[1])
        self._late: Route | None = None
        self._left: tuple[int, Samples] | None = None

    def follow(self, route: Route) -> None:
        """Sets the route of the blocks that are read from now on."""
        self._late = self._late or self._route
        self._route = route

    def read(self, n0: int, n: int) -> Samples:
        """Returns the sound at the timeline samples n0 to n0 + n - 1, [n, channels]. A sample that is not finite is
        replaced by the last good one."""
        sound = self._good(self._song[self._route.positions(n0, n)])
        late, self._late = self._late, None
        moved = late is not None and late.position_at(n0) != self._route.position_at(n0)
        if late is not None and moved:
            self._leave(n0, late)
        self._mix(sound, n0)
        for jump in self._route.jumps(n0 + moved, n - moved):
            self._leave(jump, self._route.cut_at(jump))
            self._mix(sound, n0)
        return sound

    def positions(self, n0: int, n: int) -> NDArray[np.int64]:
        """Returns the song sample at each of the timeline samples n0 to n0 + n - 1, [n], by the present route."""
        return self._route.positions(n0, n)

    def _leave(self, at: int, route: Route) -> None:
        """Prepares the crossfade at the timeline sample `at`: the sound along the old `route` times its falling gain,
        and the rising gain of the new sound."""
        old, new = (
            LastGood(self._song.shape[1])(self._song[each.positions(at, self._fade)]) for each in (route, self._route)
        )
        alike = correlation(old, new)
        leaving, entering = fade_gains(self._fade, alike)
        self._left = (at, old * leaving[:, None])
        self._entering = entering[:, None]

    def _mix(self, sound: Samples, n0: int) -> None:
        """Mixes the crossfade under way into a block [n, channels] that starts at timeline sample n0, in place."""
        if self._left is None:
            return
        at, leaving = self._left
        first, last = max(at, n0), min(at + self._fade, n0 + len(sound))
        if first < last:
            inside, of_fade = slice(first - n0, last - n0), slice(first - at, last - at)
            sound[inside] = sound[inside] * self._entering[of_fade] + leaving[of_fade]
        if n0 + len(sound) >= at + self._fade:
            self._left = None
