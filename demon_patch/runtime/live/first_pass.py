"""The stretches of the song that no window was laid over yet: until then they are silence."""

from __future__ import annotations

import numpy as np

from demon_patch.runtime.graph.clock import Transport


class FirstPass:
    """Which of the song's `frames` the loudspeaker has never been given. Owned by the tick thread."""

    def __init__(self, frames: int) -> None:
        self._missing = np.ones(frames, bool)
        self._left = frames

    @property
    def done(self) -> bool:
        """Whether every frame was laid once."""
        return self._left == 0

    def note_laid(self, frame: int, frames: int) -> None:
        """Notes that `frames` frames from a song frame on were laid, round the song's end if need be."""
        self._missing[(frame + np.arange(frames)) % len(self._missing)] = False
        self._left = int(self._missing.sum())

    def next(self, transport: Transport, start: int, most: int) -> tuple[int, int] | None:
        """The first stretch [start, stop) from a transport frame on, of at most `most` frames, that is missing in the
        song; None where nothing that the next pass plays is missing."""
        if self.done:
            return None
        wanted = np.flatnonzero(self._missing[transport.positions(start, len(self._missing))])
        if not len(wanted):
            return None
        first = start + int(wanted[0])
        run = int(np.flatnonzero(np.diff(wanted, append=-1) != 1)[0]) + 1
        seams = [seam for seam in transport.seams(first + 1, most) if seam > first]
        return first, min([first + min(run, most), *seams])
