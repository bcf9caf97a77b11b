"""Keeps track of the stretches of the song without any sound yet, which are silent until a window is laid there."""

from __future__ import annotations

import numpy as np

from demon_patch.runtime.graph.clock import Transport


class FirstPass:
    """Keeps track of which of the song's `frames` latent frames have no sound yet. Owned by the tick thread."""

    def __init__(self, frames: int) -> None:
        self._missing = np.ones(frames, bool)
        self._left = frames

    @property
    def done(self) -> bool:
        """Whether every frame of the song has had sound laid."""
        return self._left == 0

    def note_laid(self, frame: int, frames: int) -> None:
        """Notes that `frames` latent frames were laid, from a song frame on; beyond the song's end they continue at its
        beginning."""
        self._missing[(frame + np.arange(frames)) % len(self._missing)] = False
        self._left = int(self._missing.sum())

    def next(self, transport: Transport, start: int, most: int) -> tuple[int, int] | None:
        """Returns the first stretch [start, stop) of transport frames, at or after `start`, that has no sound in the
        song yet. It has at most `most` frames and ends at the next seam at the latest. None where the next pass of
        the song needs nothing."""
        if self.done:
            return None
        wanted = np.flatnonzero(self._missing[transport.positions(start, len(self._missing))])
        if not len(wanted):
            return None
        first = start + int(wanted[0])
        run = int(np.flatnonzero(np.diff(wanted, append=-1) != 1)[0]) + 1
        seams = [seam for seam in transport.seams(first + 1, most) if seam > first]
        return first, min([first + min(run, most), *seams])
