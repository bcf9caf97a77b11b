"""A short queue of sound between one thread that fills it and one that must never wait."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Samples


class Fifo:
    """A ring of frames [n, channels] for one writer and one reader, without locks.

    `put` and `taken` count frames since the start; each has one writer, so either side may read both.
    """

    def __init__(self, frames: int, channels: int) -> None:
        self._ring = np.zeros((frames, channels), np.float32)
        self.put = self.taken = 0

    @property
    def level(self) -> int:
        """Frames inside; either side."""
        return self.put - self.taken

    def push(self, block: Samples) -> None:
        """Adds a block that fits; the writer's side."""
        start = self.put % len(self._ring)
        first = min(len(block), len(self._ring) - start)
        self._ring[start : start + first] = block[:first]
        self._ring[: len(block) - first] = block[first:]
        self.put += len(block)

    def take(self, out: Samples) -> int:
        """Fills `out` with what there is, the rest with silence; returns how much there was. The reader's side."""
        ready = min(len(out), self.level)
        start = self.taken % len(self._ring)
        first = min(ready, len(self._ring) - start)
        out[:first] = self._ring[start : start + first]
        out[first:ready] = self._ring[: ready - first]
        out[ready:] = 0.0
        self.taken += ready
        return ready
